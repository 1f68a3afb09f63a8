#include "cli/app.hpp"
namespace safar::cli { void add_demo_commands(CLI::App&, Context&) {} }
