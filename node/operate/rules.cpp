#include "node/operate/rules.hpp"

#include "node/charter/identity.hpp"

namespace safar {

bool Rules::may_sign(const NodeId& node, const PublicKey& key) const {
    for (const HeldCharter& held : state.epochs())
        if (const CharterNode* listed = held.charter->node(node);
            listed != nullptr && listed->signing_key == key)
            return true;
    return false;
}

Result<Rules> load_rules(const std::string& directory) {
    SAFAR_TRY(auto state, load_charter_state(directory));
    auto authority = state.authority();
    return Rules{std::move(state), std::move(authority)};
}

} // namespace safar
