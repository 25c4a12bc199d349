// Replaces a file as a whole: a reader, or a run that is killed, sees the old file or the new one, never a part.
#pragma once

#include <functional>
#include <string>

namespace spikeweave {

// Calls writer with the path of an empty temporary file in the directory of path; then fsync, rename, fsync of the
// directory. The temporary is gone when this throws; path is then untouched (unless only the directory's fsync failed).
// The new file has the permissions of the old one. A symbolic link is followed.
// Throws InputError: nothing can be written at path; Error: writing failed; and whatever writer throws.
void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& writer);

}  // namespace spikeweave
