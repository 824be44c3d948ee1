/* How much of a text is UTF-8. */

#include <stdint.h>
#include <string.h>

/* The size of the character at `at`, none if it is not whole or is none. */
static int size_of(const uint8_t *at, int64_t left) {
    uint8_t lead = at[0];
    int size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead > 0xF4 || size > left) return 0;
    for (int i = 1; i < size; i++)
        if (at[i] >> 6 != 2) return 0;
    /* neither longer than it need be, nor a surrogate, nor beyond the last character */
    if (lead == 0xE0 && at[1] < 0xA0) return 0;
    if (lead == 0xED && at[1] > 0x9F) return 0;
    if (lead == 0xF0 && at[1] < 0x90) return 0;
    if (lead == 0xF4 && at[1] > 0x8F) return 0;
    return size;
}

/* How many of the first bytes of `text` are whole characters. */
int64_t utf8_valid(const uint8_t *text, int64_t size) {
    int64_t at = 0;
    while (at < size) {
        uint64_t few[4];
        while (size - at >= (int64_t)sizeof few) { /* as long as all is ASCII */
            memcpy(few, text + at, sizeof few);
            if ((few[0] | few[1] | few[2] | few[3]) & 0x8080808080808080u) break;
            at += sizeof few;
        }
        for (int64_t end = size - at > 32 ? at + 32 : size; at < end;) {
            int more = size_of(text + at, size - at);
            if (!more) return at;
            at += more;
        }
    }
    return at;
}
