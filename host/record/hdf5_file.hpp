// One HDF5 file: numeric data sets, attributes, and data sets that grow by rows.
//
// Names are paths from the root, "/group/data_set"; the leading slash may be left out. Groups are made on demand.
// Element types T: float, double, uint8, int32, int64, uint32, uint64.
// Errors name the file, the data set and the reason: InputError for a file that is read, Error for one that is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/record/array.hpp"

namespace spikeweave {

class Hdf5File {
 public:
  using Attributes = std::map<std::string, std::string>;  // e.g. {{"units", "mV"}, {"axes", "step, neuron"}}

  static Hdf5File create(const std::string& path);     // replaces what is there
  static Hdf5File open_read(const std::string& path);  // InputError: missing, not HDF5, truncated
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  ~Hdf5File();  // closes without telling of errors; call close() on a file that was written

  // A new data set; shape {} is a single number.
  template <class T>
  void write(const std::string& name, std::span<const T> values, const std::vector<std::size_t>& shape,
             const Attributes& attributes = {});

  // Adds values.size() / product(row_shape) rows to a data set of shape [rows, row_shape...]. The first call makes it
  // (chunked, shuffle, gzip level 4) and writes the attributes; later calls must have the same T and row_shape.
  template <class T>
  void append(const std::string& name, std::span<const T> values, const std::vector<std::size_t>& row_shape,
              const Attributes& attributes = {});

  // Converts from any stored integer, float or enumeration (h5py's bool) by the rule in array.hpp.
  template <class T>
  Array<T> read(const std::string& name) const;

  // Row `row` of a data set of lists [rows] (elements of variable length). T: float, uint32.
  template <class T>
  std::vector<T> read_list(const std::string& name, std::size_t row) const;
  // Whether the library may read one file in one thread while another reads or writes.
  static bool may_be_shared_by_threads();

  std::vector<std::size_t> shape(const std::string& name) const;
  bool exists(const std::string& name) const;                           // data set or group
  std::vector<std::string> list(const std::string& group = "/") const;  // names in the group, ascending

  // object: a data set or a group, "/" for the file. Writing replaces an attribute of the same name.
  void write_attribute(const std::string& object, const std::string& key, const std::string& value);
  void write_attribute(const std::string& object, const std::string& key, const char* value) {
    write_attribute(object, key, std::string(value));
  }
  void write_attribute(const std::string& object, const std::string& key, std::int64_t value);
  bool has_attribute(const std::string& object, const std::string& key) const;
  std::string string_attribute(const std::string& object, const std::string& key) const;
  std::int64_t integer_attribute(const std::string& object, const std::string& key) const;

  void flush();  // hands everything written so far to the operating system
  void close();  // no other call may follow

 private:
  struct State;
  explicit Hdf5File(std::unique_ptr<State> state);
  State& open_state() const;
  std::unique_ptr<State> state_;
};

}  // namespace spikeweave
