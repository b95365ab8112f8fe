#include "vigie/base/open_files.hpp"

#include <sys/resource.h>

namespace vigie::base {

std::size_t open_files_max() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1'024;
    return limit.rlim_cur;
}

std::size_t raise_open_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);  // what holds then is what the caller hears
    }
    return open_files_max();
}

}  // namespace vigie::base
