// A run that can be gone on with: everything that the next epoch depends on, in one file.
//
// Between epochs, writing a checkpoint and going on from it changes no bit of what follows. The one
// before the newest is kept too, in case the newest is damaged.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "normlab/train/history.h"
#include "normlab/train/trainer.h"

namespace normlab {

struct Checkpoint {
  std::string settings;  // what the run was told, as text; only compared, never interpreted
  TrainingState state;
  History history;  // one record per epoch that is done
};

// Writes <folder>/checkpoint.safetensors; the one that was there becomes
// checkpoint-previous.safetensors. Atomic: after a crash at any instant at least one of the two is
// whole. A checksum is inside. Throws Error if the disk is full or the folder read-only.
void write_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

struct FoundCheckpoint {
  std::optional<Checkpoint> checkpoint;  // the newest that is whole; nothing if there is no file
  std::string remark;                    // for the user: which one was damaged, and how
  bool is_the_one_before = false;        // as the newest is damaged
};

// Changes nothing. Throws Error if there are checkpoints and none of them is whole.
FoundCheckpoint find_checkpoint(const std::filesystem::path& folder);

// Renames a damaged newest one to checkpoint-damaged.safetensors. Before the first write: that
// would put it in the place of the whole one, and a crash right then would leave none.
void set_aside_newest(const std::filesystem::path& folder);

}  // namespace normlab
