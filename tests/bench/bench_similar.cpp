// How long does looking for a person before creating one take, beside reading every person and
// comparing names?
//   bench_similar [--smoke | PERSONS]
#include "node/casework/names.hpp"
#include "node/casework/similar.hpp"
#include "tests/unit/node/registry/catalogue_fixture.hpp"

#include <cstdio>
#include <cstring>

using namespace safar;
using namespace safar::testing;

namespace {

const std::vector<std::string> first_names{
    "Muhammad", "Ahmed", "Ali",  "Bilal",   "Usman", "Zarmina", "Amina", "Fatima", "Ayesha",
    "Hassan",   "Imran", "Sana", "Khadija", "Omar",  "Yusuf",   "Gul",   "Nadia",  "Tariq"};
const std::vector<std::string> second_names{
    "Khan",   "Malik", "Butt",   "Chaudhry", "Shah",      "Awan", "Qureshi", "Baloch",
    "Abbasi", "Mirza", "Afridi", "Bhatti",   "Yousafzai", "Rana", "Sheikh",  "Jatoi"};

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string name_of(std::size_t i) {
    return first_names[i % first_names.size()] + " " + first_names[(i / 18) % first_names.size()] +
           " " + second_names[(i / 324) % second_names.size()];
}

void fill(TestNode& node, std::size_t persons) {
    const auto schema = node.derived->schema();
    const Kind& kind = *schema->kind(std::string_view("person"));
    auto say = [&](EventDraft& draft, const char* field, Value value) {
        draft.body.assertions.push_back(
            {kind.field(std::string_view(field))->tag, std::move(value)});
    };
    for (std::size_t at = 0; at < persons;) {
        AppendRequest request{"protection", {}};
        for (std::size_t i = 0; i < 2048 && at < persons; ++i, ++at) {
            EventDraft draft;
            draft.body.kind = kind.tag;
            draft.body.record =
                derived_record_id("bench", std::to_string(at), "protection", "person", 0);
            draft.body.verb = "recorded";
            char cnic[32];
            std::snprintf(cnic, sizeof cnic, "35202-%07zu-1", at);
            say(draft, "name", Text{name_of(at)});
            say(draft, "cnic", Text{cnic});
            say(draft, "birthdate",
                Date{static_cast<std::int32_t>(3650 + at % 9000), Date::Precision::day});
            std::sort(draft.body.assertions.begin(), draft.body.assertions.end());
            request.drafts.push_back(std::move(draft));
        }
        static_cast<void>(value_of(node.node->append(std::move(request))));
    }
    static_cast<void>(node.node->await_own_writes());
}

double time_of(const char* what, std::size_t times, const std::function<std::size_t()>& run) {
    std::size_t found = 0;
    const double begun = now();
    for (std::size_t i = 0; i < times; ++i) found = run();
    const double took = (now() - begun) / static_cast<double>(times);
    std::printf("%-52s %10.3f ms   %zu found\n", what, 1e3 * took, found);
    return took;
}

} // namespace

int main(int argc, char** argv) {
    std::size_t persons = 100'000;
    const bool smoke = argc > 1 && std::strcmp(argv[1], "--smoke") == 0;
    if (argc > 1) persons = smoke ? 2'000 : std::stoul(argv[1]);
    test_words() = similar_words;
    Network network;
    HeldCharter charter = catalogue_charter(network);
    TestNode node{network.iom, charter};
    const double begun = now();
    fill(node, persons);
    std::printf("%zu persons appended and derived in %.1f s\n", persons, now() - begun);

    const double all = time_of("every person read, names compared", 1, [&] {
        StatisticsQuery query;
        query.kind = "person";
        bool truncated = false;
        std::size_t found = 0;
        for (const RecordView& view : value_of(node.registry->find(query, persons, truncated)))
            for (const std::string& text : values_of(view, "name"))
                if (name_likeness(name_keys("Zarmina Gul Afridi"), name_keys(text)) >= 0.75)
                    ++found;
        return found;
    });
    auto similar = [&](std::vector<FieldText> fields) {
        return value_of(find_similar(*node.registry, "person", fields, 10)).size();
    };
    const std::size_t times = smoke ? 1 : 10;
    const double named = time_of("safar similar by a name of three words", times, [&] {
        return similar({{"name", "Zarmina Gul Afridi"}});
    });
    time_of("safar similar by the commonest name", times, [&] {
        return similar({{"name", "Muhammad Ahmed Khan"}});
    });
    time_of("safar similar by a number", times, [&] {
        return similar({{"cnic", "35202-0001234-1"}});
    });
    time_of("safar similar by name, birth date and number", times, [&] {
        return similar({{"name", "Zarmina Gul Afridi"},
                        {"birthdate", "1990-05-04"},
                        {"cnic", "35202-0001234-1"}});
    });
    std::printf("reading every person took %.0f times as long as looking one up by name\n",
                all / named);
    return 0;
}
