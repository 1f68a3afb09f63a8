// Rows of the catalogue of hostile peers about signed batches: the exact answer of the production
// session, log and fold, what becomes of the session, and what is durable afterwards. Frames:
// hostile_frames_rows_test.cpp; several nodes and disks: hostile_nodes_rows_test.cpp. Rows that
// exist only at sockets, TLS, configuration files and real disks are played by real processes
// (tests/process/hostile/rows.tsv); together they are the catalogue.
#include "node/charter/charter.hpp"
#include "storage/derive/derived.hpp"
#include "tests/sim/hostile_row.hpp"
#include "tests/unit/storage/crypto/low_order_keys.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace safar::testing {
namespace {

// Leaves and root are compared before the signature is checked, which costs a hundred times more:
// a flipped bit of the payload is a wrong hash, one of what is signed a bad signature.
ROW(H28, ABitFlippedInThePayloadIsAWrongHash) {
    const BuiltBatch good = batch();
    Bytes raw = good.raw;
    const auto verb = std::ranges::search(raw, as_bytes("recorded"));
    ASSERT_FALSE(verb.empty());
    verb.front() ^= std::byte{1};
    greet();
    say_batch(repacked(good, raw));
    EXPECT_EQ(ingested, 1u);
    refused(ErrorCode::wrong_hash);
}
ROW(H28, ABitFlippedInWhatIsSignedIsABadSignature) {
    say_changed(190); // of the charter that the header names
    refused(ErrorCode::bad_signature);
}
ROW(H28, ABitFlippedInTheSignatureIsABadSignature) {
    say_changed(BatchHeader::encoded_bytes + 7);
    refused(ErrorCode::bad_signature);
}
ROW(H29, TheSignatureOfAnotherBatchIsBad) {
    Bytes stored = batch(1).encoded.bytes;
    const Bytes other = batch(2, fill<Hash>(1)).encoded.bytes;
    std::copy_n(other.begin() + BatchHeader::encoded_bytes, Signature::size,
                stored.begin() + BatchHeader::encoded_bytes);
    greet();
    say_batch(stored);
    refused(ErrorCode::bad_signature);
}
// Every encoding of a point of low order, and one of a good point that is not the canonical one.
ROW(H31, ABadKeyIsRefusedAtItsEnrolmentAndAtEveryVerify) {
    const SigningKey tls = make_key("tls");
    std::vector<std::string> bad_keys(std::begin(low_order_keys), std::end(low_order_keys));
    bad_keys.push_back("f0" + std::string(60, 'f') + "7f");
    for (const std::string& text : bad_keys) {
        SCOPED_TRACE(text);
        const PublicKey bad = PublicKey::parse_hex(text).value();
        Enrolment enrolment = make_enrolment("BAD", "Bad", "127.0.0.1:1", net.key("IOM"), tls);
        enrolment.signing_key = bad;
        const auto enrolled = parse_enrolment(write_enrolment(enrolment));
        ASSERT_FALSE(enrolled.has_value());
        EXPECT_EQ(name(enrolled.error().code), name(ErrorCode::bad_key));

        // A charter that lists it all the same.
        FakeAuthority::Member listed = member("IOM");
        listed.key = bad;
        rule_by({listed, member("FIA")});
        begin();
        greet();
        BatchHeader header = batch().header;
        header.key = key_id(bad);
        Bytes stored = encode_header(header);
        ByteWriter rest(stored);
        Signature constant{};
        constant.raw[0] = std::byte{1};
        rest.bytes(constant.view());
        const Bytes good = batch().encoded.bytes;
        rest.bytes(ByteView(good).subspan(EncodedBatch::prefix_bytes - 4));
        say_batch(stored);
        refused(ErrorCode::bad_key);
    }
}
ROW(H32, ASignatureForAnotherPurposeIsBad) {
    Bytes stored = batch().encoded.bytes;
    const Signature other =
        net.key("IOM").sign("notice", ByteView(stored).first(BatchHeader::encoded_bytes));
    std::copy(other.raw.begin(), other.raw.end(), stored.begin() + BatchHeader::encoded_bytes);
    greet();
    say_batch(stored);
    refused(ErrorCode::bad_signature);
}
ROW(H32, ABatchOfAnotherNetworkIsRefused) {
    say_changed(8);
    refused(ErrorCode::wrong_network);
}
ROW(H33, ARootThatTheEventsDoNotHashToIsAWrongHash) {
    say_changed(140);
    refused(ErrorCode::wrong_hash);
}
ROW(H34, OtherEventsUnderTheSameHeaderAreAWrongHash) {
    greet();
    say_batch(repacked(batch(1), built(place(), draft("invented")).raw));
    refused(ErrorCode::wrong_hash);
}
ROW(H35, AnUnknownAuthorIsNotStoredAndIsAskedForUnderALaterCharter) {
    rule_by({member("IOM"), member("FIA")});
    begin();
    greet();
    const BuiltBatch theirs = built(place("NGO"), draft(), "NGO");
    const wire::FrontierFull heads{"return",
                                   {{place("NGO").log, Head{1, 1, theirs.hash, 0, false}}}};
    say(heads);
    say_batch(theirs.encoded.bytes);
    kept(0);
    EXPECT_EQ(ingested, 0u);
    EXPECT_EQ(want.last, 0u) << "nothing is asked for that nobody may have said";
    EXPECT_EQ(name(log_answers(theirs.encoded.bytes)), name(ErrorCode::unknown_author));
    EXPECT_TRUE(net["FIA"].log().frontier("return").empty()) << "nor is anything passed on";

    rule_by({member("IOM"), member("FIA"), member("NGO")}, 2);
    perform(session->on_local_change(now)); // the session begins anew under it
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->do_not_call_before, 0s);
    begin();
    wire::Hello next = hello();
    next.epoch = 2;
    next.charter = net["FIA"].authority()->charter();
    say(next);
    say(wire::Summary{{{"return", fill<Hash>(9)}}});
    say(heads);
    EXPECT_EQ(want.log, place("NGO").log);
    EXPECT_EQ(want.first, 1u);
    say_batch(theirs.encoded.bytes);
    kept(1);
}
ROW(H35, AnUnknownKeyInAKnownLogIsNotStoredAndItsSenderKept) {
    greet();
    const BuiltBatch strange = [&] {
        SeededEntropy entropy(1);
        const EventDraft event = draft();
        std::size_t taken = 0;
        return build_batch(place(), make_key("of nobody"), entropy, std::span(&event, 1), taken)
            .value();
    }();
    say_batch(strange.encoded.bytes);
    kept(0);
    EXPECT_EQ(ingested, 1u);
    EXPECT_EQ(name(log_answers(strange.encoded.bytes)), name(ErrorCode::unknown_author));
}
ROW(H38, SequenceZeroIsMalformed) {
    for (const std::size_t at : {88u, 96u}) { // number, first sequence
        Bytes stored = batch().encoded.bytes;
        std::fill_n(stored.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0});
        begin();
        greet();
        say_batch(stored);
        refused(ErrorCode::malformed);
    }
}
// What comes too early is not parked, it comes again when it is asked for.
ROW(H38, AJumpIsAskedForAndNotStored) {
    greet();
    say(wire::FrontierFull{"return", {}});
    say_batch(batch(1001, fill<Hash>(1)).encoded.bytes);
    now += 60ms;
    perform(session->on_tick(now));
    kept(0);
    EXPECT_EQ(ingested, 0u);
    EXPECT_EQ(want.first, 1u);
    EXPECT_EQ(want.last, 1001u);
}
// By the limit of 2^62. A session calls whatever is wrong in a header malformed; the log says
// which.
ROW(H38, TheLargestSequenceIsRefusedByItsLimit) {
    for (const std::size_t at : {88u, 96u}) {
        Bytes stored = batch().encoded.bytes;
        std::fill_n(stored.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0xff});
        begin();
        greet();
        say_batch(stored);
        refused(ErrorCode::malformed);
        EXPECT_NE(error.detail.find("above 2^62"), std::string::npos) << error.detail;
        EXPECT_EQ(name(log_answers(stored)), name(ErrorCode::limit_exceeded));
    }
}
// IOM passes on what NGO signed twice.
ROW(H40, TwoBatchesAtOnePlaceAreProofInEitherOrderAndTheRelayIsInnocent) {
    greet();
    Position held = 0;
    for (const bool turned : {false, true}) {
        incarnation = turned ? 4 : 3;
        const BuiltBatch first = built(place("NGO"), draft(), "NGO"),
                         a = built(place("NGO", 2, first.hash), draft("a"), "NGO"),
                         b = built(place("NGO", 2, first.hash), draft("b"), "NGO");
        say_batch(first.encoded.bytes);
        say_batch((turned ? b : a).encoded.bytes);
        say_batch((turned ? a : b).encoded.bytes);
        kept(held += 2);
        const LogName log = place("NGO").log;
        EXPECT_EQ(net["FIA"].log().head(log), (Head{1, 1, first.hash, 1, true}));
        const auto forks = net["FIA"].log().forks();
        const auto proof = std::ranges::find(forks, BatchPlace{log, 2}, &ForkEvidence::place);
        ASSERT_NE(proof, forks.end());
        const auto both = read_evidence(*proof).value();
        EXPECT_EQ((std::set{both.a, both.b}), (std::set{a.header, b.header}));
        const BuiltBatch more = built(place("NGO", 3, a.hash), draft(), "NGO");
        EXPECT_EQ(name(log_answers(more.encoded.bytes)), name(ErrorCode::log_closed));
    }
}
ROW(H41, TenThousandCopiesCostOneWriteAndSlowTheirSender) {
    greet();
    const BuiltBatch good = batch();
    for (int i = 0; i < 10'000; ++i) say_batch(good.encoded.bytes);
    kept(1);
    EXPECT_EQ(ingested, 1u);
    EXPECT_GT(session->read_not_before(), now);
}

// A record's id is no hash of what is said of it, so it may name itself; that is data. A dot that
// an event claims of itself is impossible, since it would hold the event's own hash: it acts on
// nothing.
ROW(H43, AReferenceToNothingStaysMissingAndADotOfNothingReplacesNothing) {
    const std::vector<NamedText> kinds{{"case.toml", "kind = \"case\"\ntag = 1\n"
                                                     "[[field]]\ntag = 1\nname = \"about\"\n"
                                                     "type = \"reference\"\nto = \"case\"\n"
                                                     "[[field]]\ntag = 2\nname = \"itself\"\n"
                                                     "type = \"reference\"\nto = \"case\"\n"}};
    const auto schema = std::make_shared<const Schema>(parse_schema(kinds, {}).value());
    const RecordId mine = fill<RecordId>(1), missing = fill<RecordId>(3);
    EventDraft event = draft();
    event.body.record = mine;
    event.body.assertions = {{1, Reference{missing}}, {2, Reference{mine}}};
    event.replaces = {Dot{peers_log(), 1, 0, {}}, Dot{peers_log(), 77, 0, {}}};
    const BuiltBatch first = built(place(), event);
    EventDraft after = draft();
    after.body.record = fill<RecordId>(2);
    const BuiltBatch second = built(place("IOM", 2, first.hash), after);
    greet();
    say_batch(first.encoded.bytes);
    say_batch(second.encoded.bytes);
    kept(2); // the author's log goes on
    net.connect("FIA", "NGO");
    net.run(2s);

    std::vector<std::unique_ptr<Derived>> nodes;
    for (const char* at : {"FIA", "NGO"})
        nodes.push_back(Derived::open(net[at].writable(), schema).value());
    const auto follow = [&] {
        for (auto& node : nodes)
            while (node->follow(64).value() > 0) {
            }
    };
    follow();
    for (auto& node : nodes) {
        EXPECT_EQ(node->not_understood(), 0u);
        const Folded record = node->record(mine).value();
        EXPECT_TRUE(record.ignored.empty());
        ASSERT_EQ(record.fields.size(), 2u);
        for (const FoldedField& field : record.fields) {
            EXPECT_EQ(field.live.size(), 1u);
            EXPECT_TRUE(field.replaced.empty());
        }
        EXPECT_EQ(record.field(1)->reading, std::vector<Value>{Reference{missing}});
        EXPECT_EQ(record.field(2)->reading, std::vector<Value>{Reference{mine}});
        EXPECT_FALSE(node->entry(missing).value().has_value());
        const auto unknown = node->record(missing);
        ASSERT_FALSE(unknown.has_value());
        EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
        EXPECT_EQ(node->mentions(missing, 10).value(), std::vector{mine});
        EXPECT_TRUE(node->record(fill<RecordId>(2)).has_value());
    }

    EventDraft late = draft();
    late.body.record = missing;
    say_batch(built(place("IOM", 3, second.hash), late).encoded.bytes);
    net["FIA"].changed();
    net.run(2s);
    follow();
    for (auto& node : nodes) {
        EXPECT_TRUE(node->record(missing).has_value());
        EXPECT_EQ(node->state_digest("return", {}).value(),
                  nodes[0]->state_digest("return", {}).value());
    }
}

// --- the catalogue ---

using Lines = std::vector<std::vector<std::string>>;

// Columns are parted by tabs.
Lines table(const std::filesystem::path& path) {
    Lines out;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream columns(line);
        out.emplace_back();
        for (std::string column; std::getline(columns, column, '\t');) out.back().push_back(column);
    }
    return out;
}

const std::set<std::string> catalogue = {
    "H01", "H02", "H03", "H05", "H06", "H07", "H08", "H09", "H10", "H11", "H13", "H14",
    "H15", "H17", "H18", "H20", "H21", "H22", "H23", "H25", "H26", "H28", "H29", "H31",
    "H32", "H33", "H34", "H35", "H36", "H37", "H38", "H40", "H41", "H43", "H44", "H45",
    "H48", "H49", "H50", "H51", "H53", "H55", "H56", "H57", "H58"};

TEST(HostileCatalogue, EveryRowIsPlayedHereOrByRealProcesses) {
    std::set<std::string> played;
    const auto& all = *::testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const auto& suite = *all.GetTestSuite(i);
        const std::string name = suite.name();
        for (int j = 0; j < suite.total_test_count() && name.starts_with("Hostile"); ++j)
            if (const std::string test = suite.GetTestInfo(j)->name();
                test[0] == 'H' && test[3] == '_')
                played.insert(test.substr(0, 3));
    }
    // Each test named there exists: HostileTable of the real processes.
    const Lines rows = table(SAFAR_SOURCE_DIR "/tests/process/hostile/rows.tsv");
    ASSERT_FALSE(rows.empty()) << "tests/process/hostile/rows.tsv is not there";
    for (const auto& row : rows) {
        if (row.empty() || !row[0].starts_with('H')) continue; // what it is, and its head
        EXPECT_EQ(row.size(), 2u) << row[0];
        played.insert(row[0]);
    }
    EXPECT_EQ(played, catalogue);
}

TEST(HostileCatalogue, ItsRowsAreThoseOfTheDocument) {
    const char* data = std::getenv("SAFAR_DATA");
    const std::filesystem::path document =
        std::filesystem::path(data == nullptr ? SAFAR_SOURCE_DIR "/../shared/data" : data) /
        "../hostile.tsv";
    std::set<std::string> stated;
    for (const auto& row : table(document))
        if (!row.empty() && row[0].starts_with('H')) stated.insert(row[0]);
    if (stated.empty())
        GTEST_SKIP() << "the catalogue is not present: hostile.tsv belongs beside the directory "
                        "that SAFAR_DATA names ("
                     << document.string() << ")";
    EXPECT_EQ(stated, catalogue);
}

} // namespace
} // namespace safar::testing
