// What happens around the server's life: logs, the user it runs as.
#pragma once

#include <string>

#include "vigie/config/settings.hpp"

namespace vigie::app {

// Lines as text or JSON, to standard error.
void set_up_log(const config::Settings& settings);

// Started as root, the server becomes the user `vigie`, to whom the data folder is given first; any
// other user stays. Throws when there is no such user.
void drop_privileges(const std::string& data_folder);

// One server on a data folder: whoever comes second throws, before it has touched anything there.
// The kernel takes it back from whoever is killed.
class FolderLock {
public:
    explicit FolderLock(const std::string& data_folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int file_{-1};
};

}  // namespace vigie::app
