#include "registry_fixture.hpp"

namespace safar {
namespace {

using namespace testing;

TEST(KeptStatements, StandInTheLogAndAreGivenBack) {
    Network network;
    TestNode iom(network.iom, registry_charter(network));
    EXPECT_TRUE(iom.node->kept_statements().empty());
    const Bytes saved = copy(as_bytes("what was heard"));
    iom.node->keep_statements(saved);
    for (int i = 0; i < 500 && iom.node->kept_statements() != saved; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_EQ(iom.node->kept_statements(), saved);
}

} // namespace
} // namespace safar
