#include "cli/commands.hpp"

int main(int argc, char** argv) {
    return vigie::cli::run(argc, argv);
}
