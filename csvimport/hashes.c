/* What the cells of a column are compared by. Each goes `from` somewhere `to` somewhere in a text. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { AHEAD = 16 }; /* so many cells are fetched */

/* The size of the white space at `at`, a character of Unicode's; 0 where there is none. */
static int space_size(const uint8_t *at, const uint8_t *end) {
    if (*at == ' ' || (*at >= '\t' && *at <= '\r')) return 1;
    if (*at < 0xC2 || *at > 0xE3 || end - at < 2) return 0;
    if (*at == 0xC2) return at[1] == 0x85 || at[1] == 0xA0 ? 2 : 0;
    if (*at < 0xE1 || end - at < 3) return 0;
    uint32_t three = (uint32_t)at[0] << 16 | at[1] << 8 | at[2];
    bool is_space = three == 0xE19A80 || (three >= 0xE28080 && three <= 0xE2808A) ||
                    three == 0xE280A8 || three == 0xE280A9 || three == 0xE280AF ||
                    three == 0xE2819F || three == 0xE38080;
    return is_space ? 3 : 0;
}

/* Which cells hold nothing but white space. */
void hashes_blank(const uint8_t *text, const int64_t *from, const int64_t *to, int64_t count,
                 uint8_t *blank) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + from[i], *end = text + to[i];
        for (int size = 1; at < end && size; at += size) size = space_size(at, end);
        blank[i] = at == end;
    }
}

static uint64_t turned(uint64_t word, int bits) { return word << bits | word >> (64 - bits); }

/* All bits of the result depend on all bits of the word. */
static uint64_t scattered(uint64_t word) {
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCDu;
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53u;
    return word ^ word >> 33;
}

/* Two hashes of each cell for a `seed`, in the manner of MurmurHash3, which is in the public domain.
 * Where they are `folded`, white space around the cells and the case of letters are no difference;
 * `odd` are those cells then of which that is not known, since they are not ASCII. */
void hashes_of(const uint8_t *text, const int64_t *from, const int64_t *to, int64_t count,
               int64_t seed, bool folded, uint64_t *keys, uint64_t *checks, uint8_t *odd) {
    const uint64_t one = 0x87C37B91114253D5u, two = 0x4CF5AD432745937Fu;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + from[i], *end = text + to[i];
        if (i + AHEAD < count) __builtin_prefetch(text + from[i + AHEAD]);
        if (folded) {
            while (at < end && space_size(at, end) == 1) at++;
            while (at < end && space_size(end - 1, end) == 1) end--;
        }
        uint64_t key = one + seed, check = two + seed, size = end - at, high = 0;
        for (; at < end; at += 8) {
            uint8_t bytes[8] = {0};
            if (end - at >= 8) memcpy(bytes, at, 8);
            else memcpy(bytes, at, end - at);
            if (folded)
                for (int each = 0; each < 8; each++)
                    bytes[each] += (uint8_t)(bytes[each] - 'A') < 26 ? 'a' - 'A' : 0;
            uint64_t word;
            memcpy(&word, bytes, 8);
            high |= word;
            key = turned(key ^ turned(word * one, 31) * two, 27) * 5 + 0x52DCE729;
            check = turned(check ^ turned(word * two, 33) * one, 31) * 5 + 0x38495AB5;
        }
        keys[i] = scattered(key ^ size);
        checks[i] = scattered(check + size);
        odd[i] = folded && high & 0x8080808080808080u;
    }
}
