#include "tests/process/lan.hpp"

#include "tests/process/federation.hpp"

#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace safar::process {
namespace {

const std::string family = "safar-test-"; // then the test's process id and the machine's number

std::string ip_program() {
    for (const char* path : {"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"})
        if (std::filesystem::exists(path)) return path;
    return "";
}

Ran ip(std::vector<std::string> words) {
    words.insert(words.begin(), ip_program());
    return run(words, std::chrono::seconds(20));
}

void must(std::vector<std::string> words) {
    std::string line = "ip";
    for (const std::string& word : words) line += " " + word;
    Ran ran = ip(std::move(words));
    EXPECT_EQ(ran.exit_code, 0) << line << ": " << ran.err;
}

std::vector<std::string> spaces() {
    std::vector<std::string> out;
    std::istringstream lines(ip({"netns", "list"}).out);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(family)) out.push_back(line.substr(0, line.find(' ')));
    return out;
}

} // namespace

std::optional<std::string> Lan::unavailable() {
    if (::geteuid() != 0) return "network namespaces need root";
    if (ip_program().empty()) return "network namespaces need the program ip (package iproute2)";
    const std::string probe = family + std::to_string(::getpid()) + "-probe";
    Ran made = ip({"netns", "add", probe});
    // A container may allow the name and refuse what it is for.
    Ran used = ip({"netns", "exec", probe, ip_program(), "link", "add", "end0", "type", "veth",
                   "peer", "name", "end1"});
    Ran bridged =
        ip({"netns", "exec", probe, ip_program(), "link", "add", "bridge0", "type", "bridge"});
    static_cast<void>(ip({"netns", "del", probe}));
    for (const Ran& ran : {made, used, bridged})
        if (ran.exit_code != 0)
            return "this machine allows no network namespaces with veth and bridge: " + ran.err;
    return std::nullopt;
}

Lan::Lan() : prefix_(family + std::to_string(::getpid()) + "-"), switch_(prefix_ + "switch") {
    for (const std::string& left : spaces()) {
        const int owner = std::atoi(left.c_str() + family.size());
        if (owner == ::getpid() || ::kill(owner, 0) != 0) must({"netns", "del", left});
    }
    must({"netns", "add", switch_});
    must({"-n", switch_, "link", "add", "bridge", "type", "bridge"});
    must({"-n", switch_, "link", "set", "bridge", "up"});
}

Lan::~Lan() {
    for (const auto& [name, machine] : machines_) must({"netns", "del", machine.space});
    must({"netns", "del", switch_}); // the cables go with it
}

std::string Lan::add(const std::string& name) {
    const std::string number = std::to_string(machines_.size() + 1);
    Machine machine{prefix_ + number, "port" + number, "10.211.7." + number};
    must({"netns", "add", machine.space});
    must({"-n", machine.space, "link", "set", "lo", "up"});
    must({"-n", switch_, "link", "add", machine.cable, "type", "veth", "peer", "name", "eth0",
          "netns", machine.space});
    must({"-n", switch_, "link", "set", machine.cable, "master", "bridge", "up"});
    must({"-n", machine.space, "addr", "add", machine.address + "/24", "dev", "eth0"});
    must({"-n", machine.space, "link", "set", "eth0", "up"});
    return machines_.emplace(name, std::move(machine)).first->second.address;
}

void Lan::cut(const std::string& name) {
    must({"-n", switch_, "link", "set", machines_.at(name).cable, "down"});
}
void Lan::heal(const std::string& name) {
    must({"-n", switch_, "link", "set", machines_.at(name).cable, "up"});
}

void Lan::split(const std::vector<std::vector<std::string>>& groups) {
    std::map<std::string, std::string> bridge; // of each machine
    for (std::size_t i = 0; i < groups.size(); ++i)
        for (const std::string& name : groups[i]) bridge[name] = "split" + std::to_string(i);
    for (const auto& [name, machine] : machines_)
        if (bridge.find(name) == bridge.end()) bridge[name] = "alone-" + machine.cable;
    std::map<std::string, bool> made;
    for (const auto& [name, its] : bridge) {
        if (!std::exchange(made[its], true)) {
            must({"-n", switch_, "link", "add", its, "type", "bridge"});
            must({"-n", switch_, "link", "set", its, "up"});
        }
        must({"-n", switch_, "link", "set", machines_.at(name).cable, "master", its});
    }
    for (const auto& [name, its] : bridge) splits_.insert(its);
}
void Lan::join() {
    for (const auto& [name, machine] : machines_)
        must({"-n", switch_, "link", "set", machine.cable, "master", "bridge"});
    for (const std::string& each : std::exchange(splits_, {}))
        must({"-n", switch_, "link", "del", each});
}

std::vector<std::string> Lan::at(const std::string& name, std::vector<std::string> command) const {
    std::vector<std::string> out{ip_program(), "netns", "exec", machines_.at(name).space};
    out.insert(out.end(), command.begin(), command.end());
    return out;
}

} // namespace safar::process
