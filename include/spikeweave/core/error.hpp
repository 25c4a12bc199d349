// Errors of the library. Everything throws; only main() prints.
//
// InputError: the user's input is wrong (exit status 2). Error: everything else (exit status 1).
// The text is one line: the place, the value found, what is allowed.
#pragma once

#include <stdexcept>
#include <string>

namespace spikeweave {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Bad input: an experiment file, a data file, a command-line argument.
class InputError : public Error {
 public:
  using Error::Error;
  // place: a JSON pointer, a file path or an option name, e.g. "/network/populations/0/size".
  InputError(const std::string& place, const std::string& message) : Error(place + ": " + message) {}
};

[[noreturn]] inline void contract_violation(const char* condition, const char* file, int line,
                                            const std::string& message) {
  throw Error(std::string(file) + ":" + std::to_string(line) + ": " + message + " (" + condition + ")");
}

}  // namespace spikeweave

// A precondition of a function; the argument is evaluated once.
#define SW_EXPECTS(condition, message)                                             \
  do {                                                                             \
    if (!(condition)) {                                                            \
      ::spikeweave::contract_violation(#condition, __FILE__, __LINE__, (message)); \
    }                                                                              \
  } while (false)
