#include "normlab/train/checkpoint.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "normlab/base/error.h"
#include "normlab/data/digest.h"
#include "normlab/formats/safetensors.h"

namespace normlab {
namespace {

constexpr auto kFormat = "normlab checkpoint 3";
constexpr auto kNewest = "checkpoint.safetensors";
constexpr auto kPrevious = "checkpoint-previous.safetensors";
constexpr auto kDamaged = "checkpoint-damaged.safetensors";

// A history is a table of doubles, so that it comes back bit for bit.
constexpr std::size_t kColumns = 13;

std::array<double, kColumns> to_row(const EpochRecord& record) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Scores held_out = record.validation.value_or(Scores{kNone, kNone, -1});
  return {static_cast<double>(record.epoch),
          record.learning_rate,
          record.train_loss,
          record.train_accuracy,
          record.train_objective,
          record.test_loss,
          record.test_accuracy,
          static_cast<double>(record.test_correct),
          record.seconds,
          record.images_per_second,
          held_out.loss,
          held_out.accuracy,
          static_cast<double>(held_out.correct)};
}

EpochRecord from_row(const double* row) {
  EpochRecord record;
  record.epoch = static_cast<int>(row[0]);
  record.learning_rate = row[1];
  record.train_loss = row[2];
  record.train_accuracy = row[3];
  record.train_objective = row[4];
  record.test_loss = row[5];
  record.test_accuracy = row[6];
  record.test_correct = static_cast<int>(row[7]);
  record.seconds = row[8];
  record.images_per_second = row[9];
  if (row[12] >= 0) record.validation = {row[10], row[11], static_cast<int>(row[12])};
  return record;
}

Tensor float_tensor(std::string name, const FloatBuffer& values) {
  return {std::move(name),
          {static_cast<std::int64_t>(values.size())},
          std::vector<float>(values.begin(), values.end())};
}

FloatBuffer to_buffer(const Tensor& tensor) {
  const std::vector<float>& values = tensor.floats();
  return {values.begin(), values.end()};
}

// The digests of all epochs, one row each. A bit pattern: the format has no unsigned numbers.
Tensor digest_tensor(const History& history) {
  std::vector<std::int64_t> values;
  for (const EpochRecord& record : history) {
    for (const std::uint64_t digest : record.digests) {
      values.push_back(std::bit_cast<std::int64_t>(digest));
    }
  }
  const std::size_t columns = history.empty() ? 0 : history.front().digests.size();
  return {"digests",
          {static_cast<std::int64_t>(history.size()), static_cast<std::int64_t>(columns)},
          std::move(values)};
}

void read_digests(History& history, const Tensor& tensor) {
  if (history.empty()) return;
  const auto& values = std::get<std::vector<std::int64_t>>(tensor.data);
  const std::size_t columns = values.size() / history.size();
  auto value = values.begin();
  for (EpochRecord& record : history) {
    for (std::size_t i = 0; i < columns; ++i) {
      record.digests.push_back(std::bit_cast<std::uint64_t>(*value++));
    }
  }
}

// Of everything in the file but the sum itself.
std::string checksum(SafetensorsFile file) {
  file.metadata.erase("sha256");
  return hex_digest(Hash::kSha256, format_safetensors(file));
}

const std::string& entry_at(const SafetensorsFile& file, const std::string& key,
                            const std::string& source) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    throw Error(fmt::format("{}: no checkpoint, its metadata have no \"{}\"", source, key));
  }
  return found->second;
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const std::string source = path.string();
  const SafetensorsFile file = read_safetensors(path);
  if (entry_at(file, "format", source) != kFormat) {
    throw Error(fmt::format("{}: no checkpoint of this version", source));
  }
  if (entry_at(file, "sha256", source) != checksum(file)) {
    throw Error(fmt::format("{}: damaged, its checksum does not fit", source));
  }
  Checkpoint checkpoint;
  checkpoint.settings = entry_at(file, "settings", source);
  checkpoint.state.parameters = to_buffer(file.at("parameters", source));
  checkpoint.state.velocity = to_buffer(file.at("velocity", source));
  checkpoint.state.buffers = to_buffer(file.at("buffers", source));
  const std::vector<double> rows = file.at("history", source).to_doubles();
  for (std::size_t at = 0; at + kColumns <= rows.size(); at += kColumns) {
    checkpoint.history.push_back(from_row(rows.data() + at));
  }
  checkpoint.state.epochs_done = static_cast<int>(checkpoint.history.size());
  read_digests(checkpoint.history, file.at("digests", source));
  return checkpoint;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint) {
  std::vector<double> rows;
  for (const EpochRecord& record : checkpoint.history) {
    const auto row = to_row(record);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  SafetensorsFile file;
  file.metadata["format"] = kFormat;
  file.metadata["settings"] = checkpoint.settings;
  file.tensors = {
      float_tensor("parameters", checkpoint.state.parameters),
      float_tensor("velocity", checkpoint.state.velocity),
      float_tensor("buffers", checkpoint.state.buffers),
      {"history",
       {static_cast<std::int64_t>(checkpoint.history.size()), static_cast<std::int64_t>(kColumns)},
       std::move(rows)},
      digest_tensor(checkpoint.history)};
  file.metadata["sha256"] = checksum(file);

  std::error_code error;
  std::filesystem::rename(folder / kNewest, folder / kPrevious, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(
        fmt::format("{}: cannot be renamed: {}", (folder / kNewest).string(), error.message()));
  }
  write_safetensors(folder / kNewest, file);
}

FoundCheckpoint find_checkpoint(const std::filesystem::path& folder) {
  FoundCheckpoint found;
  for (const auto* name : {kNewest, kPrevious}) {
    const std::filesystem::path path = folder / name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    try {
      found.checkpoint = read_checkpoint(path);
      if (!found.remark.empty()) {
        found.is_the_one_before = true;
        found.remark += fmt::format("; went back to the one before, of epoch {}",
                                    found.checkpoint->state.epochs_done);
      }
      return found;
    } catch (const Error& error) {
      // Another process, whose run it is, may just have moved it to the place of the one before.
      if (!std::filesystem::exists(path, ignored)) continue;
      found.remark += (found.remark.empty() ? "" : "\n") + std::string(error.what());
    }
  }
  if (!found.remark.empty()) {
    throw Error(
        fmt::format("{}\nNo whole checkpoint is left in {}; delete that folder to train "
                    "the run from its start",
                    found.remark, folder.string()));
  }
  return found;
}

void set_aside_newest(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::rename(folder / kNewest, folder / kDamaged, error);
  if (error) {
    throw Error(
        fmt::format("{}: cannot be renamed: {}", (folder / kNewest).string(), error.message()));
  }
}

}  // namespace normlab
