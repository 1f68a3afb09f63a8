#include "node/casework/names.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <unicode/translit.h>
#include <unicode/unistr.h>

namespace safar {
namespace {

constexpr std::string_view vowels = "aeiouwy";
constexpr std::array<std::string_view, 16> titles{
    "syed",  "sayed", "sayyid", "haji", "hajji", "malik", "mian", "bibi",
    "begum", "mr",    "mrs",    "ms",   "miss",  "dr",    "mst",  "janab"};
constexpr std::array<std::string_view, 9> articles{"al", "ul", "el", "ud", "ur",
                                                   "us", "un", "il", "l"};
// What one sound is written as, longest first.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> sounds{{{"ph", "f"},
                                                                                {"gh", "g"},
                                                                                {"kh", "k"},
                                                                                {"ck", "k"},
                                                                                {"th", "t"},
                                                                                {"dh", "d"},
                                                                                {"bh", "b"},
                                                                                {"q", "k"},
                                                                                {"c", "k"},
                                                                                {"v", "w"},
                                                                                {"z", "s"},
                                                                                {"x", "ks"}}};

template <class List> bool lists(const List& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.find(' ', at), text.size());
        if (end > at) out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::string with_sounds(std::string_view word) {
    std::string out;
    while (!word.empty()) {
        // sh and ch are sounds of their own; before a consonant ch is a breath (Achmed).
        if (word.starts_with("sh") || word.starts_with("ch")) {
            const bool breath =
                word[0] == 'c' && word.size() > 2 && vowels.find(word[2]) == std::string_view::npos;
            out += breath ? 'h' : word[0] == 's' ? 'S' : 'C';
            word.remove_prefix(2);
            continue;
        }
        auto sound = std::find_if(sounds.begin(), sounds.end(),
                                  [&](const auto& s) { return word.starts_with(s.first); });
        if (sound == sounds.end())
            out += word[0];
        else
            out += sound->second;
        word.remove_prefix(sound == sounds.end() ? 1 : sound->first.size());
    }
    return out;
}

// Consonants, doubles once, a vowel at the beginning as 'a', a breath at the end not at all.
std::string consonants(std::string_view word) {
    std::string out;
    for (char c : with_sounds(word)) {
        const bool vowel = vowels.find(c) != std::string_view::npos;
        if (vowel && !out.empty()) continue;
        if (vowel) c = c == 'y' || c == 'w' ? c : 'a';
        if (out.empty() || out.back() != c) out += c;
    }
    while (out.size() > 1 && out.back() == 'h') out.pop_back();
    // al- takes on the sound after it: Abdulrahman is Abdurrahman.
    if (out.starts_with("abdl") && out.size() > 4 &&
        std::string_view("rsntdS").find(out[4]) != std::string_view::npos)
        out.erase(3, 1);
    return out;
}

} // namespace

std::string latin_of(std::string_view text) {
    thread_local const std::unique_ptr<icu::Transliterator> to_latin = [] {
        UErrorCode status = U_ZERO_ERROR;
        std::unique_ptr<icu::Transliterator> made(icu::Transliterator::createInstance(
            "Any-Latin; NFD; [:Nonspacing Mark:] Remove; Latin-ASCII; Any-Lower", UTRANS_FORWARD,
            status));
        return U_SUCCESS(status) ? std::move(made) : nullptr;
    }();
    icu::UnicodeString unicode = icu::UnicodeString::fromUTF8(icu::StringPiece(
        text.data(), static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 4096))));
    if (to_latin) to_latin->transliterate(unicode);
    std::string raw, out;
    unicode.toUTF8String(raw);
    for (char c : raw) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter)
            out += c;
        else if (c == ' ' || c == '-' || c == '.' || c == ',' || c == '/')
            out += ' ';
    }
    return out;
}

std::vector<std::string> name_keys(std::string_view name) {
    std::vector<std::string> keys;
    const std::vector<std::string> words = words_of(latin_of(name));
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words.size() > 1 && lists(titles, words[i])) continue;
        std::string key = consonants(words[i]);
        const bool more = i + 1 < words.size();
        if (more && (key == "abdl" || key == "abd") && !words[i].ends_with("ah")) {
            key = "abd" + consonants(words[++i]); // Abdul Rahman
        } else if (i + 2 < words.size() && lists(articles, words[i + 1])) {
            key += consonants(words[i + 2]); // Shams ul Din
            i += 2;
        }
        if (!key.empty()) keys.push_back(std::move(key));
    }
    if (keys.empty())
        for (const std::string& word : words)
            keys.push_back(consonants(word)); // only titles: Malik may be a name
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    return keys;
}

double name_likeness(std::string_view a, std::string_view b) {
    return name_likeness(name_keys(a), name_keys(b));
}

double name_likeness(const std::vector<std::string>& left, const std::vector<std::string>& right) {
    if (left.empty() || right.empty()) return 0;
    std::vector<std::string> both;
    std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                          std::back_inserter(both));
    const std::size_t shorter = std::min(left.size(), right.size()),
                      longer = std::max(left.size(), right.size());
    if (both.size() < std::min<std::size_t>(2, longer))
        return static_cast<double>(both.size()) / static_cast<double>(longer);
    return static_cast<double>(both.size()) / static_cast<double>(shorter);
}

} // namespace safar
