// Where the spikes of a sample are put: one after the other, or in pages that it takes from a pool as they are found.
//
// Which pages a sample gets depends on which thread block is faster. Nothing else does: they are used by their number.
#pragma once

enum {
  PAGE = 16,  // spikes, as in ``pool/places.py``
  AHEAD = 32  // spikes for which there is room before a block of time
};

struct Places {
  int* table;  // pages of the sample, in order; null if its spikes lie one after the other

  __device__ int of(int k) const { return table ? table[k / PAGE] * PAGE + k % PAGE : k; }

  // Room for so many spikes, as far as there are pages; one thread calls it. There was room for ``room`` of them.
  __device__ int more(int room, int spikes, int* taken, int pages) const {
    while (room < spikes) {
      const int page = atomicAdd(taken, 1);
      if (page >= pages) break;
      table[room / PAGE] = page;
      room += PAGE;
    }
    return room;
  }
};
