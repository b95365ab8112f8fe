// Who sends observations: a device, a gateway, a partner platform, through a credential.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "vigie/assets/catalogue.hpp"
#include "vigie/base/result.hpp"
#include "vigie/ingest/allowance.hpp"

namespace vigie::ingest {

class Sender {
public:
    virtual ~Sender() = default;
    [[nodiscard]] virtual const std::string& name() const = 0;
    // Whether it may speak for that asset.
    [[nodiscard]] virtual bool may(assets::AssetId asset) const = 0;
    // Whether it may fill in history, however old; what it fills in raises no alarm.
    [[nodiscard]] virtual bool may_backfill() const = 0;
    // Tells it from others where room is shared: store::Submission::sender.
    [[nodiscard]] virtual std::uint32_t number() const { return 0; }
    // How much it may send, shared by all that speaks for it; null: any amount.
    [[nodiscard]] virtual Allowance* allowance() const { return nullptr; }
    // False once it was revoked or got another secret: whoever still speaks for it must stop.
    [[nodiscard]] virtual bool in_force() const { return true; }
    // Tells it from those that had or will have its name, also after a restart; short, and no
    // secret. Empty: nobody else has it.
    [[nodiscard]] virtual std::string tag() const { return {}; }
};

// unauthenticated: no such user name, or not its secret. Fast enough for an io thread, and
// thread-safe.
// With an empty user name the secret alone tells who it is: a token.
using Authority = std::function<base::Result<std::shared_ptr<const Sender>>(
    std::string_view user_name, std::string_view secret)>;

// A client certificate that was verified.
struct ClientCertificate {
    std::string fingerprint;  // SHA-256 in hexadecimal
    std::string subject;      // as RFC 2253 writes it
};
// Whom it is bound to; null for nobody. As fast, and thread-safe.
using CertificateAuthority =
    std::function<std::shared_ptr<const Sender>(const ClientCertificate& certificate)>;

// Who was let in earlier under that name; null when it is no longer in force. As fast, and
// thread-safe.
using SenderByName = std::function<std::shared_ptr<const Sender>(std::string_view name)>;

}  // namespace vigie::ingest
