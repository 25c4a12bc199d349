// Where the checkout lies whose experiments and data a test reads.
#pragma once

#include <cstdlib>
#include <string>

namespace spikeweave::test {

// The environment's SW_SOURCE_FOLDER where the binary was brought to another machine, else the folder it was built
// from.
inline std::string source_folder() {
  const char* moved = std::getenv("SW_SOURCE_FOLDER");
  return moved != nullptr ? moved : SW_SOURCE_DIR;
}

}  // namespace spikeweave::test
