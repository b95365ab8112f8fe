#include "app/promises_store.hpp"

namespace vigie::app {

std::vector<std::string> broken_promises(store::Transaction& tx) {
    static constexpr store::Query query{"promises", R"sql(
        select name, setting from pg_settings
         where (name in ('fsync', 'full_page_writes') and setting = 'off')
            or (name = 'synchronous_commit' and setting in ('off', 'local')
                and current_setting('synchronous_standby_names') <> '')
            or (name = 'synchronous_commit' and setting = 'off')
         order by name)sql"};
    std::vector<std::string> sentences;
    for (const auto& row : tx.rows(query)) {
        sentences.push_back("PostgreSQL runs with " + row.get<std::string>("name") + " = " +
                            row.get<std::string>("setting") +
                            ": what is acknowledged could be lost");
    }
    return sentences;
}

}  // namespace vigie::app
