// Vectors: the specimens of ICAO Doc 9303 parts 4, 5 and 6.
#include "storage/record/mrz.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <random>

namespace safar {
namespace {

using testing::HasSubstr;

const std::string passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
                             "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
const std::string card_of_two = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n"
                                "D231458907UTO7408122F1204159<<<<<<<6";
const std::string card_of_three = "I<UTOD231458907<<<<<<<<<<<<<<<\n"
                                  "7408122F1204159UTO<<<<<<<<<<<6\n"
                                  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
const std::string long_number = "I<UTOD23145890<7349<<<<<<<<<<<\n"
                                "3407127M9507122UTO<<<<<<<<<<<2\n"
                                "STEVENSON<<PETER<JOHN<<<<<<<<<";

TravelDocument document(const std::string& text) {
    Result<TravelDocument> read = read_mrz(text);
    EXPECT_TRUE(read) << describe(read.error());
    return read ? std::move(read).value() : TravelDocument{};
}

std::string refusal(const std::string& text) {
    Result<TravelDocument> read = read_mrz(text);
    return read ? "(accepted)" : read.error().detail;
}

std::string day(const std::optional<Date>& date) {
    if (!date) return "unknown";
    using namespace std::chrono;
    const year_month_day civil{sys_days{days{date->days}}};
    return std::to_string(int(civil.year())) + "-" + std::to_string(unsigned(civil.month())) + "-" +
           std::to_string(unsigned(civil.day()));
}

TEST(Mrz, PassportGivesItsFields) {
    const TravelDocument read = document(passport);
    EXPECT_EQ(read.format, TravelDocument::Format::td3);
    EXPECT_EQ(read.document_code, "P");
    EXPECT_EQ(read.issuing_state, "UTO");
    EXPECT_EQ(read.surname, "ERIKSSON");
    EXPECT_EQ(read.given_names, "ANNA MARIA");
    EXPECT_EQ(read.number, "L898902C3");
    EXPECT_EQ(read.nationality, "UTO");
    EXPECT_EQ(read.sex, "F");
    EXPECT_EQ(read.personal_number, "ZE184226B");
    EXPECT_EQ(day(dates_of(read, 2026).birth), "1974-8-12");
    EXPECT_EQ(day(dates_of(read, 2026).expiry), "2012-4-15");
}

TEST(Mrz, CardsOfTwoAndThreeLinesGiveTheSame) {
    for (const std::string& text : {card_of_two, card_of_three}) {
        const TravelDocument read = document(text);
        EXPECT_EQ(read.document_code, "I");
        EXPECT_EQ(read.number, "D23145890");
        EXPECT_EQ(read.surname, "ERIKSSON");
        EXPECT_EQ(read.given_names, "ANNA MARIA");
        EXPECT_EQ(read.birth, "740812");
        EXPECT_EQ(read.expiry, "120415");
        EXPECT_EQ(read.personal_number, "");
    }
    EXPECT_EQ(document(card_of_two).format, TravelDocument::Format::td2);
    EXPECT_EQ(document(card_of_three).format, TravelDocument::Format::td1);
}

TEST(Mrz, NumberOfMoreThanNineGoesOnInTheOptionalData) {
    const TravelDocument read = document(long_number);
    EXPECT_EQ(read.number, "D23145890734");
    EXPECT_EQ(read.optional_data, "");
    std::string wrong = long_number;
    wrong[wrong.find("7349") + 1] = '4';
    EXPECT_THAT(refusal(wrong), HasSubstr("goes on in the optional data"));
}

TEST(Mrz, VisaHasNoCompositeDigit) {
    const TravelDocument read = document("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
                                         "L8988901C4XXX4009078F96121096ZE184226B<<<<<<");
    EXPECT_EQ(read.format, TravelDocument::Format::mrv_a);
    EXPECT_EQ(read.number, "L8988901C");
    EXPECT_EQ(document("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n"
                       "L8988901C4XXX4009078F9612109<<<<<<<<")
                  .format,
              TravelDocument::Format::mrv_b);
}

TEST(Mrz, CopiedInOneLineOrInSmallLettersIsReadAndKeptAsPrinted) {
    std::string joined = passport;
    joined.erase(joined.find('\n'), 1);
    EXPECT_EQ(canonical_mrz(joined).value(), passport);
    std::string small = "  p<utoeriksson<<anna<maria<<<<<<<<<<<<<<<<<<< \n\n "
                        "l898902c36uto7408122f1204159ze184226b<<<<<10\n";
    EXPECT_EQ(canonical_mrz(small).value(), passport);
}

TEST(Mrz, UnknownPartsOfABirthDateStayUnknown) {
    auto with_birth = [](const std::string& birth) {
        std::string line = "D231458907UTO" + birth + mrz_check_digit(birth) + "F1204159<<<<<<<";
        const std::string covered = line.substr(0, 10) + line.substr(13, 7) + line.substr(21, 14);
        return "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n" + line + mrz_check_digit(covered);
    };
    const TravelDocument year_only = document(with_birth("74<<<<"));
    EXPECT_EQ(dates_of(year_only, 2026).birth->precision, Date::Precision::year);
    EXPECT_EQ(day(dates_of(document(with_birth("7408<<")), 2026).birth), "1974-8-1");
    EXPECT_EQ(day(dates_of(document(with_birth("<<<<<<")), 2026).birth), "unknown");
    EXPECT_EQ(day(dates_of(document(with_birth("270101")), 2026).birth), "1927-1-1");
    EXPECT_EQ(day(dates_of(document(with_birth("260101")), 2026).birth), "2026-1-1");
    EXPECT_THAT(refusal(with_birth("741312")), HasSubstr("is no birth date"));
    EXPECT_THAT(refusal(with_birth("74<<12")), HasSubstr("is no birth date"));
    EXPECT_THAT(refusal(with_birth("740230")), HasSubstr("is no birth date"));
}

TEST(Mrz, RefusalsSayWhatIsWrongAndWhere) {
    std::string text = passport;
    text[text.find("L898902C3") + 2] = '6';
    EXPECT_EQ(refusal(text),
              "is no machine-readable zone: line 2, place 10: the check digit of the "
              "number is \"6\", what stands there needs 3; compare with the document");
    EXPECT_THAT(refusal("P<UTO"), HasSubstr("it has 1 line of 5 characters"));
    EXPECT_THAT(refusal(""), HasSubstr("it has 0 lines"));
    EXPECT_THAT(refusal(passport + "0"), HasSubstr("line 2 has 45 characters, line 1 has 44"));
    text = passport;
    text[2] = '0';
    EXPECT_THAT(refusal(text), HasSubstr("line 1, place 3: \"0\" stands in the issuing state"));
    text = passport;
    text[8] = '*';
    EXPECT_THAT(refusal(text), HasSubstr("line 1, place 9: only capitals, digits and <"));
    text = passport;
    text[0] = 'Q';
    EXPECT_THAT(refusal(text), HasSubstr("a passport begins with P"));
    text = card_of_two;
    text[0] = 'P';
    EXPECT_THAT(refusal(text), HasSubstr("a card begins with A, C or I"));
}

// With the digits that belong to it, so that only the calendar is left to object.
TEST(Mrz, ADateThatIsInNoCalendarIsRefusedThoughItsDigitFits) {
    for (const auto& [date, what] :
         {std::pair{"740812", "birth date"}, {"120415", "expiry date"}}) {
        std::string text = passport;
        const std::size_t at = text.find(date);
        ASSERT_NE(at, std::string::npos) << date;
        text.replace(at + 2, 2, "13");
        text[at + 6] = mrz_check_digit(text.substr(at, 6));
        EXPECT_THAT(refusal(text), HasSubstr(std::string("is no ") + what + " as YYMMDD"));
    }
}

// Every digit of the text replaced by every other digit.
void expect_each_digit_error_found(const std::string& text) {
    ASSERT_EQ(refusal(text), "(accepted)") << text;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] < '0' || text[at] > '9') continue;
        for (char other = '0'; other <= '9'; ++other) {
            if (other == text[at]) continue;
            std::string wrong = text;
            wrong[at] = other;
            EXPECT_NE(refusal(wrong), "(accepted)") << "place " << at << " of\n" << wrong;
        }
    }
}

TEST(Mrz, EachSingleDigitErrorInTheSpecimensIsFound) {
    for (const std::string& text : {passport, card_of_two, card_of_three, long_number})
        expect_each_digit_error_found(text);
}

// Documents of random content, built with mrz_check_digit.
class Documents {
public:
    std::string passport() {
        const std::string number = filled(9), birth = date(), expiry = date();
        const std::string optional = some(0, 14, 14);
        std::string line = number + digit(number) + "PAK" + birth + digit(birth) + sex() + expiry +
                           digit(expiry) + optional + digit(optional);
        line += digit(line.substr(0, 10) + line.substr(13, 7) + line.substr(21, 22));
        return "P<PAKKHAN<<MUHAMMAD<<<<<<<<<<<<<<<<<<<<<<<<<\n" + line;
    }
    std::string card_of_two() {
        const std::string number = filled(9), birth = date(), expiry = date();
        std::string line = number + digit(number) + "PAK" + birth + digit(birth) + sex() + expiry +
                           digit(expiry) + some(0, 7, 7);
        line += digit(line.substr(0, 10) + line.substr(13, 7) + line.substr(21, 14));
        return "I<PAKKHAN<<MUHAMMAD<<<<<<<<<<<<<<<<<\n" + line;
    }
    std::string card_of_three() {
        const std::string number = filled(9), birth = date(), expiry = date();
        std::string first = "I<PAK" + number;
        if (below(2) == 0) { // a long number
            const std::string rest = text_of(1 + below(6));
            first += "<" + rest + digit(number + rest);
        } else {
            first += digit(number) + text_of(below(12));
        }
        first.resize(30, '<');
        std::string second =
            birth + digit(birth) + sex() + expiry + digit(expiry) + "PAK" + some(0, 11, 11);
        second += digit(first.substr(5) + second.substr(0, 7) + second.substr(8, 7) +
                        second.substr(18, 11));
        return first + "\n" + second + "\nKHAN<<MUHAMMAD<<<<<<<<<<<<<<<<";
    }

private:
    std::size_t below(std::size_t count) { return random_() % count; }
    std::string text_of(std::size_t length) {
        std::string out;
        while (out.size() < length) out += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[below(36)];
        return out;
    }
    std::string filled(std::size_t width) { return text_of(width); }
    std::string some(std::size_t least, std::size_t most, std::size_t width) {
        std::string out = text_of(least + below(most - least + 1));
        out.resize(width, '<');
        return out;
    }
    std::string date() {
        auto two = [](std::size_t number) {
            return std::string{char('0' + number / 10), char('0' + number % 10)};
        };
        return two(below(100)) + two(1 + below(12)) + two(1 + below(28));
    }
    std::string sex() { return std::string(1, "MF<"[below(3)]); }
    static std::string digit(const std::string& text) { return {mrz_check_digit(text)}; }

    std::mt19937 random_{9303};
};

TEST(Mrz, EachSingleDigitErrorInAnyDocumentIsFound) {
    Documents documents;
    for (int i = 0; i < 60; ++i) {
        expect_each_digit_error_found(documents.passport());
        expect_each_digit_error_found(documents.card_of_two());
        expect_each_digit_error_found(documents.card_of_three());
        if (HasFailure()) return;
    }
}

} // namespace
} // namespace safar
