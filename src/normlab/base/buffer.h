// Float memory for kernels: aligned to a cache line, which is also the widest vector.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace normlab {

inline constexpr std::size_t kAlignment = 64;

template <class T>
struct AlignedAllocator {
  using value_type = T;

  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* pointer, std::size_t) {
    ::operator delete (pointer, std::align_val_t{kAlignment});
  }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

// A std::vector whose first element is aligned to kAlignment bytes.
using FloatBuffer = std::vector<float, AlignedAllocator<float>>;

}  // namespace normlab
