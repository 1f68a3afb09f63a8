// Appending and reading: on both adapters.
#include "log_contract.hpp"

namespace safar {
namespace {

using LogAppend = LogContract;
INSTANTIATE_TEST_SUITE_P(Both, LogAppend, testing::Values(HostKind::memory, HostKind::rocks),
                         host_name);

TEST_P(LogAppend, FirstAppendStartsALogAtOne) {
    Appended appended = append(3);
    EXPECT_EQ(appended.log.id, us.log());
    EXPECT_EQ(appended.first_sequence, 1u);
    EXPECT_EQ(appended.leaves.size(), 3u);
    EXPECT_EQ(appended.position, 1u);
    auto head = log->head(appended.log);
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->number, 1u);
    EXPECT_EQ(head->last_sequence, 3u);
    EXPECT_EQ(head->epoch, 1u);
    EXPECT_FALSE(head->forked);
    EXPECT_EQ(log->last_position(), 1u);
}

TEST_P(LogAppend, WhatWasAppendedOpensVerifiesAndCarriesItsLeaves) {
    Appended appended = append(5);
    auto handle = LogHandle{1};
    EXPECT_EQ(log->name_of(handle), appended.log);
    auto stored = log->read_batch(handle, 1);
    ASSERT_TRUE(stored.has_value());
    auto batch = open_batch(stored.value()->bytes, LeafCheck::compute);
    ASSERT_TRUE(batch.has_value()) << describe(batch.error());
    EXPECT_EQ(batch.value().leaves, appended.leaves);
    EXPECT_TRUE(verify_header(us.key.public_key(), network, stored.value()->header(),
                              batch.value().signature));
    EXPECT_EQ(decode_body(batch.value().events[4].clear).value(), draft(4).body);
}

TEST_P(LogAppend, RequestsOfOneCompartmentShareABatch) {
    std::vector<AppendRequest> requests{request("return", 2, 0), request("movement", 1, 10),
                                        request("return", 4, 20)};
    auto answers = log->append(requests);
    ASSERT_EQ(answers.size(), 3u);
    for (auto& answer : answers) ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answers[0].value().first_sequence, 1u);
    EXPECT_EQ(answers[2].value().first_sequence, 3u);
    EXPECT_EQ(answers[0].value().log, answers[2].value().log);
    EXPECT_NE(answers[0].value().log, answers[1].value().log);
    EXPECT_EQ(answers[0].value().position, answers[2].value().position);
    EXPECT_EQ(log->head(answers[0].value().log)->number, 1u);
    EXPECT_EQ(log->last_position(), 2u);
    auto stored = log->read_range(answers[0].value().log, 1, 1 << 20);
    auto batch = open_batch(stored.value()[0]->bytes, LeafCheck::compute);
    std::vector<Hash> leaves = answers[0].value().leaves;
    leaves.insert(leaves.end(), answers[2].value().leaves.begin(), answers[2].value().leaves.end());
    EXPECT_EQ(batch.value().leaves, leaves);
}

TEST_P(LogAppend, MoreThan256EventsBecomeAChainOfBatches) {
    std::vector<AppendRequest> requests{request("return", 10), request("return", 600, 10)};
    auto answers = log->append(requests);
    ASSERT_TRUE(answers[1].has_value());
    const Appended& appended = answers[1].value();
    EXPECT_EQ(appended.first_sequence, 11u);
    EXPECT_EQ(appended.leaves.size(), 600u);
    EXPECT_EQ(appended.position, 3u);
    EXPECT_EQ(answers[0].value().position, 1u);
    EXPECT_EQ(log->head(appended.log)->number, 3u);
    EXPECT_EQ(log->head(appended.log)->last_sequence, 610u);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogAppend, BatchesThatWouldExceedAMebibyteAreSplit) {
    AppendRequest big{"return", {}};
    for (int i = 0; i < 40; ++i) {
        EventDraft event = draft(static_cast<std::uint64_t>(i));
        event.body.assertions.clear();
        for (std::uint16_t f = 0; f < 3; ++f)
            event.body.assertions.push_back({f, Text{std::string(16000, 'a')}});
        big.drafts.push_back(event);
    }
    std::vector<AppendRequest> requests{big};
    auto answers = log->append(requests);
    ASSERT_TRUE(answers[0].has_value()) << describe(answers[0].error());
    EXPECT_EQ(log->head(answers[0].value().log)->number, 2u);
    EXPECT_EQ(log->head(answers[0].value().log)->last_sequence, 40u);
}

TEST_P(LogAppend, ARequestThatCanNotBeEncodedFailsAlone) {
    std::vector<AppendRequest> requests{request("return", 2), request("return", 2),
                                        request("return", 0), request("return", 1)};
    requests[1].drafts[1].body.assertions.push_back(
        {9, Text{std::string(limits::text_bytes_max + 1, 'x')}});
    auto answers = log->append(requests);
    EXPECT_TRUE(answers[0].has_value());
    ASSERT_FALSE(answers[1].has_value());
    EXPECT_EQ(answers[1].error().code, ErrorCode::limit_exceeded);
    ASSERT_FALSE(answers[2].has_value());
    EXPECT_EQ(answers[2].error().code, ErrorCode::invalid_argument);
    ASSERT_TRUE(answers[3].has_value());
    EXPECT_EQ(answers[3].value().first_sequence, 3u);
}

TEST_P(LogAppend, WithoutTheRightToWriteOnlyThatCompartmentFails) {
    charter->owners.erase(us.log("return"));
    std::vector<AppendRequest> requests{request("return", 1), request("movement", 1)};
    auto answers = log->append(requests);
    ASSERT_FALSE(answers[0].has_value());
    EXPECT_EQ(answers[0].error().code, ErrorCode::not_permitted);
    EXPECT_TRUE(answers[1].has_value());
    EXPECT_EQ(log->last_position(), 1u);

    charter->suspended.insert(us.key.id());
    EXPECT_EQ(log->append(requests)[1].error().code, ErrorCode::not_permitted);
}

TEST_P(LogAppend, AnOlderCharterThanTheLastOneSignedUnderIsRefused) {
    auto newer = std::make_shared<TestAuthority>(*charter);
    newer->epoch_now = 2;
    ASSERT_TRUE(log->set_authority(newer));
    append(1);
    ASSERT_TRUE(log->set_authority(charter));
    std::vector<AppendRequest> requests{request("return", 1)};
    EXPECT_EQ(log->append(requests)[0].error().code, ErrorCode::not_permitted);
}

TEST_P(LogAppend, PreparedGroupsKeepTheirOrderAndShareOneCommit) {
    std::vector<AppendRequest> first{request("return", 2)},
        second{request("return", 300), request("movement", 1)};
    std::vector<PreparedAppend> groups;
    groups.push_back(log->prepare(first));
    groups.push_back(log->prepare(second));
    EXPECT_EQ(log->last_position(), 0u);
    auto answers = log->append_prepared(groups);
    ASSERT_EQ(answers.size(), 3u);
    for (auto& answer : answers) ASSERT_TRUE(answer.has_value()) << describe(answer.error());
    EXPECT_EQ(answers[0].value().first_sequence, 1u);
    EXPECT_EQ(answers[1].value().first_sequence, 3u);
    EXPECT_EQ(answers[0].value().log, answers[1].value().log);
    EXPECT_EQ(answers[1].value().position, 3u);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogAppend, RequestsTogetherAreAllWrittenOrNone) {
    std::vector<AppendRequest> requests{request("movement", 1), request("return", 1)};
    auto attempt = [&] {
        PreparedAppend prepared = log->prepare(requests);
        prepared.together = true;
        return log->append_prepared({&prepared, 1});
    };
    charter->owners.erase(us.log("return"));
    auto answers = attempt();
    ASSERT_EQ(answers.size(), 2u);
    for (auto& answer : answers) {
        ASSERT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().code, ErrorCode::not_permitted);
    }
    EXPECT_EQ(log->last_position(), 0u) << "movement was permitted, and nothing of it is there";

    requests[1] = request("movement", 1);
    requests[1].drafts[0].body.assertions.push_back(
        {9, Text{std::string(limits::text_bytes_max + 1, 'x')}});
    answers = attempt();
    EXPECT_EQ(answers[0].error().code, ErrorCode::limit_exceeded);
    EXPECT_EQ(log->last_position(), 0u);

    requests.pop_back();
    answers = attempt();
    ASSERT_TRUE(answers[0].has_value());
    EXPECT_EQ(log->last_position(), 1u);
}

TEST_P(LogAppend, FrontierNamesOnlyTheCompartmentAskedForAndAscends) {
    append(1);
    append(1, "movement");
    for (std::uint8_t incarnation : {5, 3, 9})
        ASSERT_TRUE(ingest(Writer(other, incarnation).write()).result.has_value());
    Frontier frontier = log->frontier("return");
    ASSERT_EQ(frontier.size(), 4u);
    for (std::size_t i = 1; i < frontier.size(); ++i)
        EXPECT_LT(frontier[i - 1].log, frontier[i].log);
    EXPECT_EQ(log->frontier("movement").size(), 1u);
    EXPECT_TRUE(log->frontier("nothing").empty());
    Hash before = frontier_digest(frontier);
    append(1);
    EXPECT_NE(frontier_digest(log->frontier("return")), before);
}

TEST_P(LogAppend, ReadRangeGivesAtLeastOneBatchAndStopsAtTheBound) {
    for (int i = 0; i < 5; ++i) append(20);
    LogName name = *log->name_of(1);
    auto all = log->read_range(name, 1, 1 << 30);
    ASSERT_EQ(all.value().size(), 5u);
    EXPECT_EQ(log->read_range(name, 2, 1).value().size(), 1u);
    EXPECT_EQ(log->read_range(name, 2, 1).value()[0]->bytes, all.value()[1]->bytes);
    std::size_t two = all.value()[0]->bytes.size() + all.value()[1]->bytes.size();
    EXPECT_EQ(log->read_range(name, 1, two).value().size(), 2u);
    EXPECT_TRUE(log->read_range(name, 6, 1000).value().empty());
    EXPECT_TRUE(log->read_range(LogName{}, 1, 1000).value().empty());
    EXPECT_EQ(log->read_batch(1, 6).error().code, ErrorCode::not_found);
    EXPECT_EQ(log->read_batch(2, 1).error().code, ErrorCode::not_found);
    EXPECT_EQ(log->read_batch(1, 0).error().code, ErrorCode::not_found);
}

TEST_P(LogAppend, JournalListsEveryBatchInOrderOfArrival) {
    append(1);
    Writer writer(other);
    ASSERT_TRUE(ingest(writer.write()).result.has_value());
    append(2);
    auto entries = log->read_journal(0, 100);
    ASSERT_TRUE(entries.has_value());
    ASSERT_EQ(entries.value().size(), 3u);
    EXPECT_EQ(entries.value()[0].name.id, us.log());
    EXPECT_EQ(entries.value()[1].name.id, other.log());
    EXPECT_EQ(entries.value()[2].number, 2u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(entries.value()[i].position, i + 1);
        EXPECT_TRUE(entries.value()[i].counts);
        EXPECT_EQ(log->name_of(entries.value()[i].log), entries.value()[i].name);
        ASSERT_NE(entries.value()[i].batch, nullptr);
    }
    EXPECT_EQ(log->read_journal(1, 1).value().at(0).position, 2u);
    EXPECT_TRUE(log->read_journal(3, 10).value().empty());
    EXPECT_TRUE(log->read_journal(99, 10).value().empty());
}

TEST_P(LogAppend, HandlesPositionsAndSettingsSurviveReopening) {
    append(1);
    ASSERT_TRUE(ingest(Writer(other).write()).result.has_value());
    Bytes value = copy(as_bytes("epoch 1"));
    ASSERT_TRUE(log->put_setting("charter", value).has_value());
    Frontier before = log->frontier("return");
    LogName one = *log->name_of(1), two = *log->name_of(2);
    open();
    EXPECT_EQ(frontier_digest(log->frontier("return")), frontier_digest(before));
    EXPECT_EQ(log->name_of(1), one);
    EXPECT_EQ(log->name_of(2), two);
    EXPECT_EQ(log->name_of(3), std::nullopt);
    EXPECT_EQ(log->last_position(), 2u);
    EXPECT_EQ(log->setting("charter").value(), value);
    EXPECT_EQ(log->setting("other").value(), std::nullopt);
    EXPECT_TRUE(problems().empty());
}

TEST_P(LogAppend, DerivedStateKeepsOrderAndCanBeCleared) {
    KeyValue& derived = log->derived();
    auto bytes = [](std::string_view text) { return copy(as_bytes(text)); };
    std::vector<KeyValue::Write> writes{
        {bytes("a1"), bytes("x")}, {bytes("b1"), bytes("y")}, {bytes("b2"), bytes("z")}};
    ASSERT_TRUE(derived.write(writes).has_value());
    ASSERT_TRUE(derived.flush().has_value());
    std::vector<Bytes> keys{bytes("a1"), bytes("a2"), bytes("b2")};
    auto many = derived.get_many(keys).value();
    EXPECT_EQ(many[0], bytes("x"));
    EXPECT_EQ(many[1], std::nullopt);
    EXPECT_EQ(many[2], bytes("z"));
    std::string seen;
    auto note = [&](ByteView key, ByteView) {
        seen += std::string(as_text(key)) + " ";
        return true;
    };
    ASSERT_TRUE(derived.scan(as_bytes("b"), {}, note).has_value());
    ASSERT_TRUE(derived.scan(as_bytes("b"), as_bytes("b2"), note).has_value());
    EXPECT_EQ(seen, "b1 b2 b2 ");
    std::vector<KeyValue::Write> erase{{bytes("b1"), std::nullopt}};
    ASSERT_TRUE(derived.write(erase).has_value());
    EXPECT_EQ(derived.get(bytes("b1")).value(), std::nullopt);
    append(1);
    ASSERT_TRUE(derived.clear().has_value());
    EXPECT_EQ(derived.get(bytes("a1")).value(), std::nullopt);
    ASSERT_TRUE(derived.write(writes).has_value());
    open();
    EXPECT_EQ(log->last_position(), 1u);
    EXPECT_EQ(log->derived().get(bytes("a1")).value(), bytes("x"));
}

} // namespace
} // namespace safar
