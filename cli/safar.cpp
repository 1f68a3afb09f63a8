// main of `safar`.
#include "cli/app.hpp"

#include <csignal>
#include <iostream>
#include <unistd.h>

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_DFL); // `safar find ... | head` ends quietly
    std::ios::sync_with_stdio(false);
    safar::cli::Context context{
        std::cout, std::cerr, isatty(STDOUT_FILENO) != 0, isatty(STDERR_FILENO) != 0, {}, false,
        30,        {}};
    return safar::cli::run(argc, argv, context);
}
