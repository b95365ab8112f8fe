#include <nlohmann/json.hpp>
#include <stdexcept>

#include "vigie/access/passwords.hpp"
#include "vigie/api/access_routes.hpp"
#include "vigie/base/embedded.hpp"

namespace vigie::api {

std::string_view contract_json() {
    for (const auto& file : embedded::contract())
        if (file.name == "openapi.json") return file.text;
    throw std::logic_error("the build left out openapi.json");
}

void add_contract_route(Router& router) {
    const auto text = std::make_shared<const std::string>(contract_json());
    const auto tag = "\"" + access::secret_hash(*text).substr(0, 16) + "\"";
    router.handle("GET", "/api/v1/openapi.json", anyone(),
                  [text, tag](Request) -> boost::asio::awaitable<Answer> {
                      wire::Response response;
                      response.headers.set("Content-Type", "application/json");
                      response.headers.set("Cache-Control", "no-cache");
                      response.headers.set("ETag", tag);
                      response.shared_body = text;
                      co_return response;
                  });
}

}  // namespace vigie::api
