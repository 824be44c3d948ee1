/* Sorts keys with what belongs to each, and says which of them may have occurred before. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    FEW = 24,      /* are sorted by insertion */
    MOST_BITS = 9, /* are looked at at once */
    AHEAD = 16,    /* so many words are fetched */
};

static void insert(uint64_t *keys, uint64_t *values, int64_t count) {
    for (int64_t i = 1; i < count; i++) {
        uint64_t key = keys[i], value = values[i];
        int64_t at = i;
        for (; at; at--) {
            uint64_t before = keys[at - 1];
            if (before < key || (before == key && values[at - 1] <= value)) break;
            keys[at] = before, values[at] = values[at - 1];
        }
        keys[at] = key, values[at] = value;
    }
}

/* The same with many, by the last `left` of the bits of key and value; the others are equal. */
static void deal(uint64_t *keys, uint64_t *values, uint64_t *spare_keys, uint64_t *spare_values,
                 int64_t count, int left) {
    if (count <= FEW || !left) {
        insert(keys, values, count);
        return;
    }
    bool of_keys = left > 64;
    int bits = 1, rest = of_keys ? left - 64 : left;
    /* enough for some few to a place, as long as they are spread evenly */
    while (bits < MOST_BITS && bits < rest && count >> (bits + 3)) bits++;
    left -= bits;
    const uint64_t *by = of_keys ? keys : values;
    int shift = left & 63;
    int64_t places = 1 << bits, ends[1 << MOST_BITS];
    memset(ends, 0, places * sizeof *ends);
    for (int64_t i = 0; i < count; i++) ends[by[i] >> shift & (places - 1)]++;
    for (int64_t place = 1; place < places; place++) ends[place] += ends[place - 1];
    for (int64_t i = count - 1; i >= 0; i--) {
        int64_t to = --ends[by[i] >> shift & (places - 1)]; /* becomes the start */
        spare_keys[to] = keys[i], spare_values[to] = values[i];
    }
    memcpy(keys, spare_keys, count * sizeof *keys);
    memcpy(values, spare_values, count * sizeof *values);
    for (int64_t place = 0; place < places; place++) {
        int64_t start = ends[place], size = (place + 1 < places ? ends[place + 1] : count) - start;
        if (size > 1) deal(keys + start, values + start, spare_keys, spare_values, size, left);
    }
}

/* Sorts `keys`, and their `values` with them; equal keys by value. The spare arrays have room for
 * all of them. */
void duplicates_sort(uint64_t *keys, uint64_t *values, uint64_t *spare_keys, uint64_t *spare_values,
                     int64_t count) {
    deal(keys, values, spare_keys, spare_values, count, 128);
}

/* Which of `keys`, which ascend, may have occurred in the filter, of 64-bit words; now they have. The
 * first `bits` of a key choose a word, and the last ones bits of it, six for each. */
void duplicates_known(uint64_t *filter, int64_t bits, const uint64_t *keys, int64_t count,
                      uint8_t *known) {
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD < count) __builtin_prefetch(&filter[keys[i + AHEAD] >> (64 - bits)], 1);
        uint64_t key = keys[i], own = 0, *word = &filter[key >> (64 - bits)];
        for (int shift = 0; shift < 24; shift += 6) own |= 1ull << (key >> shift & 63);
        known[i] = (*word & own) == own;
        *word |= own;
    }
}
