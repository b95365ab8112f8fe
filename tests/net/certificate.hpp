// A self-signed certificate for 127.0.0.1, made for one test: its own authority, good for a server
// and for a client.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace vigie::net {

class TestCertificate {
public:
    explicit TestCertificate(const char* common_name) {
        std::string pattern = std::filesystem::temp_directory_path() / "vigie-cert-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder");
        folder_ = pattern;
        const Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
        const Certificate certificate{X509_new(), &X509_free};
        fill(certificate.get(), key.get(), common_name);
        const File chain = open(certificate_file());
        PEM_write_X509(chain.get(), certificate.get());
        const File secret = open(key_file());
        PEM_write_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    }
    ~TestCertificate() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    [[nodiscard]] std::string certificate_file() const { return folder_ / "certificate.pem"; }
    [[nodiscard]] std::string key_file() const { return folder_ / "key.pem"; }

private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
    using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

    static File open(const std::string& path) {
        return {std::fopen(path.c_str(), "w"), [](std::FILE* file) { return std::fclose(file); }};
    }
    static void fill(X509* certificate, EVP_PKEY* key, const char* common_name) {
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3'600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
        X509_NAME* name = X509_get_subject_name(certificate);
        const std::string text = common_name;
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()), -1, 0);
        X509_set_issuer_name(certificate, name);
        X509_set_pubkey(certificate, key);
        add(certificate, NID_subject_alt_name, "IP:127.0.0.1");
        add(certificate, NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(certificate, key, EVP_sha256());
    }
    static void add(X509* certificate, int name, const char* value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, name, value);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }

    std::filesystem::path folder_;
};

}  // namespace vigie::net
