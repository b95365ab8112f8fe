#include "app/storage.hpp"

namespace vigie::app {

Storage::Storage(Foundation& foundation, Pipeline& pipeline, const std::string& app_url)
    : rollups_(app_url, foundation.registry, foundation.clock,
               [&writer = pipeline.writer()](std::int32_t open_hour) {
                   return writer.settle_marks(open_hour);
               }) {}

void Storage::start() {
    rollups_.start();
}

void Storage::stop() {
    rollups_.stop();
}

}  // namespace vigie::app
