// Bounds of what a charter may list. Part of the format: every node must judge a charter alike.
#pragma once

#include "storage/base/limits.hpp"

namespace safar::limits {

constexpr std::size_t agencies_max = 1024;
constexpr std::size_t nodes_max = 1024;
constexpr std::size_t compartments_max = 64; // nodes x compartments log ids are kept in memory
constexpr std::size_t kinds_max = 1024;
constexpr std::size_t documents_max = 512;
constexpr std::size_t signatures_max = 64;
constexpr std::size_t cuts_max = 8192;   // logs of those who lost something
constexpr std::size_t admits_max = 1024; // places where an author signed twice
constexpr std::size_t settles_max = 16;  // rivals of one epoch
constexpr std::size_t reason_bytes_max = 1024;
constexpr std::size_t code_bytes_max = 32;     // agency codes, names of compartments
constexpr std::size_t kind_bytes_max = 64;     // as the schema allows
constexpr std::size_t title_bytes_max = 256;   // names and titles for people
constexpr std::size_t address_bytes_max = 260; // a DNS name, colon, port

} // namespace safar::limits
