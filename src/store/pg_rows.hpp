// Answers in libpq's memory, as rows.
#pragma once

#include "store/pg.hpp"

namespace vigie::store {

[[nodiscard]] Rows rows_of(PgConnection::ResultPtr result);

}  // namespace vigie::store
