#include "app/promises_store.hpp"

namespace vigie::app {

std::vector<std::string> broken_promises(store::Transaction& tx) {
    static constexpr store::Query query{"promises", R"sql(
        select name, current_setting(name) as setting
          from unnest(array['fsync', 'full_page_writes']) as name
         where current_setting(name) = 'off')sql"};
    std::vector<std::string> sentences;
    for (const auto& row : tx.rows(query)) {
        sentences.push_back("PostgreSQL runs with " + row.get<std::string>("name") + " = " +
                            row.get<std::string>("setting") +
                            ": what is acknowledged could be lost");
    }
    return sentences;
}

}  // namespace vigie::app
