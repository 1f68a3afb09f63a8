// People who come from elsewhere, over TLS with a key of their own, to a real node.
#include "tests/process/load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace safar::process {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

class PeopleElsewhere : public ::testing::Test {
protected:
    Federation net{{"IOM", "FIA"}};
    std::string directory = net.directory("IOM"), url, node_key, sara = net.path("sara.key"), id;

    std::string key(const std::string& login) {
        Ran made = run({SAFAR, "user", "key", login, "--file", net.path(login + ".key"), "--json"});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        return std::string(boost::json::parse(made.out).at("certificate").as_string());
    }
    void SetUp() override {
        std::ofstream(directory + "/safard.toml", std::ios::app)
            << "\n[api]\nlisten = \"127.0.0.1:0\"\n";
        net.start("IOM");
        const std::string mark = "event=api listen=127.0.0.1:0 port=";
        ASSERT_TRUE(eventually([&] { // its socket answers before that door is open
            const std::string log = net.log_of("IOM");
            const std::size_t at = log.find(mark);
            if (at == std::string::npos || log.find('\n', at) == std::string::npos) return false;
            url = "https://127.0.0.1:" + std::to_string(std::stoi(log.substr(at + mark.size())));
            return true;
        })) << net.log_of("IOM");
        auto made =
            net.ask("IOM", {"record", "create", "person", "first_name=Zarmina", "gender=Woman"});
        id = made.at("id").as_string().c_str();
        node_key = net.ask("IOM", {"key", "show"}).at("node_key").as_string().c_str();
        Ran added = net.safar("IOM", {"user", "add", "sara", "--no-account", "--role", "caseworker",
                                      "--certificate", key("sara")});
        ASSERT_EQ(added.exit_code, 0) << added.err;
    }
    [[nodiscard]] Ran from(const std::string& key_file, std::vector<std::string> args,
                           std::string expect = "") const {
        std::vector<std::string> command{SAFAR,
                                         "--node",
                                         url,
                                         "--user-key",
                                         key_file,
                                         "--node-key",
                                         expect.empty() ? node_key : expect};
        command.insert(command.end(), args.begin(), args.end());
        return run(command, std::chrono::seconds(60));
    }
};

// Peers are met, and batches come, before the API's port is asked for.
TEST(PeopleElsewhereNot, APortThatIsTakenIsThatExitCodeWhateverRunsAlready) {
    Federation net({"IOM", "FIA"});
    net.start("FIA");
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor taken(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::ofstream(net.directory("IOM") + "/safard.toml", std::ios::app)
        << "\n[api]\nlisten = \"127.0.0.1:" << taken.local_endpoint().port() << "\"\n";
    for (int round = 0; round < 8; ++round) {
        ASSERT_TRUE(write_one(net, "FIA"));
        Ran refused = run({SAFARD, "--data", net.directory("IOM")}, std::chrono::seconds(60));
        EXPECT_EQ(refused.exit_code, 75) << refused.err;
    }
}

TEST_F(PeopleElsewhere, WorkAsTheirRolesAllowAndTheAccessLogNamesTheirKey) {
    EXPECT_EQ(from(sara, {"status"}).exit_code, 0);
    EXPECT_THAT(from(sara, {"record", "show", id}).out, Not(HasSubstr("Zarmina")));
    EXPECT_THAT(from(sara, {"record", "show", id, "--purpose", "family tracing"}).out,
                HasSubstr("Zarmina"));
    EXPECT_EQ(from(sara, {"record", "create", "person", "first_name=Bano"}).exit_code, 77)
        << "nobody may look without a purpose whether she is there already";
    EXPECT_EQ(from(sara, {"record", "create", "person", "first_name=Bano", "--purpose", "shelter"})
                  .exit_code,
              0);
    for (const auto& refused :
         std::vector<std::vector<std::string>>{{"rebuild"},
                                               {"verify"},
                                               {"user", "list"},
                                               {"access", "log"},
                                               {"user", "add", "bin", "--role", "operator"}})
        EXPECT_EQ(from(sara, refused).exit_code, 77) << refused[0];
    ASSERT_EQ(net.safar("IOM", {"user", "add", "ana", "--no-account", "--role", "auditor",
                                "--certificate", key("ana")})
                  .exit_code,
              0);
    Ran log = from(net.path("ana.key"), {"access", "log", "--user", "sara", "--json"});
    EXPECT_THAT(log.out, HasSubstr("family tracing"));
    EXPECT_THAT(log.out, HasSubstr("\"certificate\":\"" + key("sara")));
    EXPECT_EQ(from(net.path("ana.key"), {"access", "verify"}).exit_code, 0);
}

// Larger than any buffer on the way.
TEST_F(PeopleElsewhere, ALargeFileGoesUpAndALargeOneComesDown) {
    auto let_in = [&](const std::string& login, const std::string& role) {
        return net
            .safar("IOM", {"user", "add", login, "--no-account", "--role", role, "--certificate",
                           key(login)})
            .exit_code;
    };
    ASSERT_EQ(let_in("ali", "supervisor"), 0);
    ASSERT_EQ(let_in("omar", "operator"), 0);
    const std::string file = net.path("returns.csv");
    std::ofstream out(file);
    out << "\"Date\",\"Year\",\"Quarter\",\"Nationality\",\"Region\",\"Return type "
           "group\",\"Return type\","
           "\"Age\",\"Sex\",\"Return destination group\",\"Number of returns\"\n";
    for (int i = 0; i < 4000; ++i) // 80,000 records
        out << "2023-03-31,2023,1,\"Country " << i << "\",\"Asia South\",\"Voluntary return\","
            << "\"Other verified returns\",\"18 to 29\",\"Male\",\"Home country\",20\n";
    out.close();
    Ran imported = from(net.path("ali.key"), {"import", "uk-returns", file, "--json"});
    EXPECT_EQ(imported.exit_code, 0) << imported.err;
    const std::string bundle = net.path("fia.bundle");
    Ran made = from(net.path("omar.key"), {"bundle", "make", "--for", "FIA", "-o", bundle});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_GT(std::filesystem::file_size(bundle), 300'000u);
    EXPECT_EQ(run({SAFAR, "bundle", "inspect", bundle}).exit_code, 0);
}

TEST_F(PeopleElsewhere, AWrongKeyNoKeyAndPlainHttpAreRefused) {
    key("eve");
    Ran eve = from(net.path("eve.key"), {"status"});
    EXPECT_EQ(eve.exit_code, 77) << eve.err;
    EXPECT_THAT(eve.err, HasSubstr("safar user certificate NAME "));
    Ran other = from(sara, {"status"}, std::string(64, '0'));
    EXPECT_EQ(other.exit_code, 77);
    EXPECT_THAT(other.err, HasSubstr("another node"));
    EXPECT_EQ(run({SAFAR, "--node", url, "--node-key", node_key, "status"}).exit_code, 2);
    if (std::filesystem::exists("/usr/bin/curl")) {
        const std::string plain = "http://" + url.substr(8);
        EXPECT_THAT(run({"/usr/bin/curl", "-s", "--max-time", "5", plain + "/v1/status"}).out,
                    Not(HasSubstr("agency")));
        Ran bare =
            run({"/usr/bin/curl", "-s", "--insecure", "--max-time", "5", url + "/v1/status"});
        EXPECT_NE(bare.exit_code, 0) << "no certificate";
        EXPECT_EQ(bare.out, "");
    }
    EXPECT_EQ(net.safar("IOM", {"user", "remove", "sara"}).exit_code, 0);
    EXPECT_EQ(from(sara, {"status"}).exit_code, 77);
}

TEST_F(PeopleElsewhere, AnOrdinaryClientWithAnOrdinaryCertificateIsServed) {
    const std::string openssl = "/usr/bin/openssl", curl = "/usr/bin/curl", pem = net.path("pem"),
                      crt = net.path("crt");
    if (!std::filesystem::exists(openssl) || !std::filesystem::exists(curl))
        GTEST_SKIP() << "needs openssl and curl";
    ASSERT_EQ(run({openssl, "genpkey", "-algorithm", "ed25519", "-out", pem}).exit_code, 0);
    ASSERT_EQ(run({openssl, "req", "-x509", "-new", "-key", pem, "-subj", "/CN=sara", "-days", "30",
                   "-out", crt})
                  .exit_code,
              0);
    Ran print =
        run({"/bin/sh", "-c", openssl + " pkey -in " + pem + " -pubout -outform DER | sha256sum"});
    const std::string certificate = print.out.substr(0, 64);
    ASSERT_EQ(net.safar("IOM", {"user", "certificate", "sara", certificate}).exit_code, 0);
    Ran got = run({curl, "-s", "--insecure", "--cert", crt, "--key", pem, "--max-time", "20",
                   url + "/v1/status"});
    EXPECT_THAT(got.out, HasSubstr("\"agency\":\"IOM\"")) << got.exit_code;
    EXPECT_EQ(from(sara, {"status"}).exit_code, 77) << "the key before";
}

TEST_F(PeopleElsewhere, ANodeThatDoesNotRunIsUnreachable) {
    net.stop("IOM");
    Ran gone = from(sara, {"status"});
    EXPECT_EQ(gone.exit_code, 69);
    EXPECT_THAT(gone.err, HasSubstr("no node answers at " + url));
}

} // namespace
} // namespace safar::process
