#include "cli/listing.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <ostream>

namespace safar::cli {

Outcome<const boost::json::array*> list_in(const ApiAnswer& answer, const std::string& target) {
    if (const boost::json::array* list = answer.json.if_array()) return list;
    return Problem(failure(
        ErrorCode::malformed,
        fmt::format("{}: the node answered no list ({:.80}); does it run the version of this "
                    "command?",
                    target, answer.text)));
}

Outcome<Exit> print_list(Context& context, const std::string& target, const ListText& text) {
    SAFAR_TRY(auto client, context.client());
    SAFAR_TRY(auto answer, client.get(target));
    SAFAR_TRY(auto list, list_in(answer, target));
    if (context.json)
        context.print_raw(answer);
    else
        context.out << text(*list);
    return Exit::ok;
}

} // namespace safar::cli
