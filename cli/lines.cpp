#include "cli/lines.hpp"

namespace safar::cli {

Result<> take_lines(std::string& text, const std::function<Result<>(std::string_view line)>& take) {
    std::size_t start = 0;
    for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
        SAFAR_TRY(take(std::string_view(text).substr(start, end - start)));
    }
    text.erase(0, start);
    return success();
}

} // namespace safar::cli
