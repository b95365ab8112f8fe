// Connections that an earlier run of this program left behind when it was killed.
#pragma once

#include <string>

namespace vigie::store {

inline constexpr const char* name_of_program = "application_name=vigied";  // in a URL

// Names the connections of this program (libpq's application_name), unless the URL, of either form
// that libpq takes, names them itself.
[[nodiscard]] std::string as_program(const std::string& url);

// Ends every other connection to that database which has this role and this name, and waits until
// they are gone, at most some seconds: what they had not committed, they no longer will. To be
// called before anything is read. Where the role may not do that, or they do not end, it says so in
// the log. Throws Unavailable.
void end_predecessors(const std::string& url);

}  // namespace vigie::store
