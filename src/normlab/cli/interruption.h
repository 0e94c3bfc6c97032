// Ctrl-C: the first asks to stop at the next batch, the second ends the program at once.
#pragma once

namespace normlab {

// From here on SIGINT, SIGTERM and (but under nohup) SIGHUP are noted, once; after that they do
// what the system does.
void note_interruptions();

bool was_interrupted();

}  // namespace normlab
