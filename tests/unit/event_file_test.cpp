#include <gtest/gtest.h>
#include <hdf5.h>

#include <cstdlib>
#include <filesystem>

#include "host/record/address_events.hpp"
#include "host/record/hdf5_file.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/source_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

// x, y, polarity, time [us] in 5 bytes.
std::string event_bytes(unsigned x, unsigned y, unsigned polarity, unsigned time) {
  std::string bytes;
  for (const unsigned b : {x, y, polarity << 7 | time >> 16, time >> 8 & 0xffu, time & 0xffu}) {
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(b)));
  }
  return bytes;
}

// Lists of different lengths, stored as `stored` (a type of the file), given as T.
template <class T>
void put_lists(hid_t file, const char* name, hid_t stored, hid_t given, std::vector<std::vector<T>> lists) {
  std::vector<hvl_t> rows;
  for (auto& list : lists) rows.push_back({list.size(), list.data()});
  const hsize_t extent = rows.size();
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t file_type = H5Tvlen_create(stored), memory_type = H5Tvlen_create(given);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t data = H5Dcreate2(file, name, file_type, space, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(data, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data());
  H5Dclose(data);
  H5Pclose(links);
  H5Tclose(file_type);
  H5Tclose(memory_type);
  H5Sclose(space);
}

class Events : public ::testing::Test, protected ScratchFolder {
 protected:
  // Three recordings with the types of the Spiking Heidelberg Digits: 16-bit times, units and labels.
  void put_digits(const std::string& name, std::vector<std::vector<float>> times,
                  std::vector<std::vector<std::uint16_t>> units, const std::vector<std::uint16_t>& labels) const {
    Hdf5File::create(path(name)).close();  // before any other call of the library, which it keeps from crashing at exit
    const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    const hid_t file = H5Fopen(path(name).c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    put_lists(file, "spikes/times", half, H5T_NATIVE_FLOAT, std::move(times));
    put_lists(file, "spikes/units", H5T_STD_U16LE, H5T_NATIVE_UINT16, std::move(units));
    const hsize_t extent = labels.size();
    const hid_t space = H5Screate_simple(1, &extent, nullptr);
    const hid_t data = H5Dcreate2(file, "labels", H5T_STD_U16LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(data, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data());
    H5Dclose(data);
    H5Sclose(space);
    H5Fclose(file);
    H5Tclose(half);
  }
  void put_three_digits() const {
    put_digits("digits.h5", {{0.0f, 0.0015f, 0.0016f, 0.004f}, {}, {0.5f}}, {{0, 2, 2, 1}, {}, {3}}, {1, 0, 2});
  }
  void put_camera() const {
    put("list.txt", "#sample #class\n7\t1\nfirst.bin 0\n\n");
    put("7.bs2", event_bytes(0, 0, 0, 0) + event_bytes(2, 1, 1, 1999) + event_bytes(2, 1, 1, 1000) +
                     event_bytes(1, 0, 1, 0x7fffff));
    put("first.bin", event_bytes(1, 1, 0, 2000));
  }
  std::unique_ptr<Task> make(const EventClassificationSettings& settings, double dt = 1.0) const {
    return make_event_classification(settings, path(""), dt);
  }
  void expect_error(const EventClassificationSettings& settings, const std::string& text) const {
    expect_input_error(
        [&] {
          const auto task = make(settings);
          for (std::uint64_t id = 0; id < task->trial_count(Split::train); ++id) one_trial(*task, Split::train, id);
        },
        text);
  }
};

const EventClassificationSettings digits{
    .train = {.file = "digits.h5"}, .classes = 3, .steps = 4, .window_steps = 2, .channels = 4};
const EventClassificationSettings camera{
    .format = EventFormat::camera, .train = {.file = "list.txt"}, .classes = 2, .steps = 3, .width = 3, .height = 2};

TEST_F(Events, OfSpokenDigitsFallIntoTheirSteps) {
  put_three_digits();
  const auto task = make(digits);

  EXPECT_EQ(task->shape().inputs, 4u);
  EXPECT_EQ(task->trial_count(Split::train), 3u);
  const Trial first = one_trial(*task, Split::train, 0);
  EXPECT_EQ(first.events, (std::vector<std::uint8_t>{1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}));  // 4 ms: behind
  EXPECT_EQ(first.segment, (std::vector<std::int32_t>{-1, -1, 0, 0}));
  EXPECT_EQ(first.target_class, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(one_trial(*task, Split::train, 1).events, std::vector<std::uint8_t>(16, 0));
  expect_pure(*task, Split::train, {2, 0, 1});
  const Trial half = one_trial(*make(digits, 0.5), Split::train, 0);
  EXPECT_EQ(half.events[0], 1);
  EXPECT_EQ(half.events[3 * 4 + 2], 2);  // 1.5 and 1.6 ms
}

TEST_F(Events, OfCamerasHaveAChannelForEachPixelAndPolarity) {
  put_camera();
  const auto task = make(camera);

  EXPECT_EQ(task->shape().inputs, 12u);
  ASSERT_EQ(task->trial_count(Split::train), 2u);
  std::vector<std::uint8_t> expected(3 * 12, 0);
  expected[0] = 1;
  expected[12 + (1 * 2 + 1) * 3 + 2] = 2;
  EXPECT_EQ(one_trial(*task, Split::train, 0).events, expected);
  EXPECT_EQ(one_trial(*task, Split::train, 0).target_class[0], 1);
  EXPECT_EQ(one_trial(*task, Split::train, 1).events[2 * 12 + 1 * 3 + 1], 1);
  EXPECT_EQ(read_address_events(path("7.bs2"), 3, 2)[3], (AddressEvent{1, 0, 1, 0x7fffff}));
  expect_pure(*task, Split::train, {1, 0});
}

TEST_F(Events, ThatDoNotFitAreNamedWithTheirPlace) {
  put_three_digits();
  EventClassificationSettings s = digits;
  s.classes = 2;
  expect_error(s, path("digits.h5") + ": /labels[2]: class 2; 0 to 1 are allowed (/task/classes)");
  s = digits;
  s.channels = 3;
  expect_error(s, path("digits.h5") + ": /spikes/units[2][0]: unit 3; 0 to 2 are allowed (/task/channels)");
  s = digits;
  s.train.first = 1;
  s.train.count = 3;
  expect_error(s, "/task/train/count: recordings 1 to 3 of " + path("digits.h5") + "; it has 3");
  s = digits;
  s.window_steps = 5;
  expect_error(s, "/task/window_steps: 5 is more than the 4 steps of a trial");
  put_digits("digits.h5", {{0.0f}, {-0.5f}}, {{0, 1}, {1}}, {0, 1});
  expect_error(digits, path("digits.h5") + ": /spikes/units[0]: 2 units of 1 times");
  put_digits("digits.h5", {{-0.5f}}, {{1}}, {0});
  expect_error(digits, path("digits.h5") + ": /spikes/times[0][0]: -0.5; expected a time in seconds, at least 0");
  put_digits("digits.h5", {{0.5f}}, {{1}}, {0, 1});
  expect_error(digits, path("digits.h5") + ": /spikes/times: 1 lists; there are 2 labels");

  put_camera();
  put("7.bs2", event_bytes(0, 0, 0, 0) + event_bytes(2, 2, 0, 0));
  expect_error(camera, path("7.bs2") + ": byte 5: an event at x 2, y 2; the sensor has 3 x 2 pixels");
  put("7.bs2", "12345678");
  expect_error(camera, path("7.bs2") + ": truncated: 8 bytes; expected a multiple of 5, an event's");
  put("list.txt", "7 1\n8 0\n");
  put("7.bs2", "");
  expect_error(camera, path("8.bs2") + ": cannot open: No such file or directory");
  put("list.txt", "7 1\n7\n");
  expect_error(camera, path("list.txt") + ": line 2: \"7\"; expected NAME CLASS");
  put("list.txt", "# none\n7 2\n");
  expect_error(camera, path("list.txt") + ": line 2: class 2; 0 to 1 are allowed (/task/classes)");
}

// The first thousand training digits and a hundred test digits of N-MNIST.
TEST_F(Events, OfNMnistAreRead) {
  const std::string archive = test::source_folder() + "/../shared/data/spikes/nmnist_small_1000train_100test.tar.gz";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << archive << " is not there";
  ASSERT_EQ(std::system(("tar xzf " + archive + " -C " + path("")).c_str()), 0);
  const auto task = make({.format = EventFormat::camera,
                          .train = {.file = "NMNISTsmall/train1K.txt"},
                          .test = {.file = "NMNISTsmall/test100.txt"},
                          .classes = 10,
                          .steps = 350});

  EXPECT_EQ(task->shape().inputs, 2312u);
  EXPECT_EQ(task->trial_count(Split::train), 1000u);
  EXPECT_EQ(task->trial_count(Split::test), 100u);
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1, 2, 3, 4});
  EXPECT_EQ(batch.target_class, (std::vector<std::int32_t>{5, 0, 4, 1, 9}));  // as of MNIST
  const std::vector<std::uint8_t> events = one_trial(*task, Split::train, 0).events;
  std::size_t count = 0;
  for (const std::uint8_t e : events) count += e;
  EXPECT_EQ(count, 4681u);  // the file's 23405 bytes
}

}  // namespace
}  // namespace spikeweave
