#include "host/record/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

// Removes the temporary unless it has become the file.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!renamed_) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& path() const { return path_; }
  void rename_to(const std::string& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) {
      const int number = errno;
      throw Error(target + ": cannot rename " + path_ + " to it: " + errno_text(number));
    }
    renamed_ = true;
  }

 private:
  std::string path_;
  bool renamed_ = false;
};

// The name is unique among the processes and threads of this machine; a name left by a killed process is passed over.
std::string create_temporary(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  struct stat old {};
  const bool replaces = ::stat(target.c_str(), &old) == 0;
  if (replaces && !S_ISREG(old.st_mode)) throw InputError(target, "cannot be replaced: it is not a regular file");
  for (;;) {
    std::string path = target + ".tmp" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    const Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file.value() >= 0) {
      if (replaces) static_cast<void>(::fchmod(file.value(), old.st_mode & 07777));  // a file system may have no modes
      return path;
    }
    const int number = errno;
    if (number != EEXIST) throw InputError(target, "cannot create " + path + ": " + errno_text(number));
  }
}

void synchronise(const std::string& path, int flags, const std::string& target) {
  const Descriptor file(path, O_RDONLY | flags);
  if (file.value() >= 0 && ::fsync(file.value()) == 0) return;
  const int number = errno;
  if ((flags & O_DIRECTORY) != 0 && number == EINVAL) return;  // file systems that cannot fsync a directory say so
  throw Error(target + ": fsync of " + path + ": " + errno_text(number));
}

}  // namespace

void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& writer) {
  std::error_code ignored;
  const std::filesystem::path followed = std::filesystem::is_symlink(path, ignored)
                                             ? std::filesystem::weakly_canonical(path, ignored)
                                             : std::filesystem::path(path);
  const std::string target = followed.empty() ? path : followed.string();
  const std::filesystem::path parent = std::filesystem::path(target).parent_path();

  Temporary temporary(create_temporary(target));
  writer(temporary.path());
  synchronise(temporary.path(), 0, target);
  temporary.rename_to(target);
  synchronise(parent.empty() ? "." : parent.string(), O_DIRECTORY, target);
}

}  // namespace spikeweave
