/* Cells of well-quoted records. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { AHEAD = 16 }; /* so many records are fetched */

/* In automaton.c. */
bool automaton_matches(void *automaton, const uint8_t *text, const uint8_t *end);
const uint8_t *cell_end(const uint8_t *at, const uint8_t *end, uint8_t delimiter);

/* Where the cells stand, without their quotes, that are `positions`, `columns` of them and ascending,
 * in the well-quoted records from `starts` to `stops`; in `from` and `to`, columns by records. */
void cells_spans(const uint8_t *text, const int64_t *starts, const int64_t *stops, int64_t count,
                 uint8_t delimiter, const int64_t *positions, int64_t columns, int64_t *from,
                 int64_t *to) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + starts[i], *end = text + stops[i];
        if (i + AHEAD < count) __builtin_prefetch(text + starts[i + AHEAD]);
        int64_t position = 0;
        for (int64_t column = 0; column < columns; column++) {
            for (; position < positions[column]; position++) at = cell_end(at, end, delimiter) + 1;
            bool is_quoted = at < end && *at == '"';
            from[column * count + i] = at - text + is_quoted;
            at = cell_end(at, end, delimiter);
            to[column * count + i] = at - text - is_quoted;
            at += at < end, position++;
        }
    }
}

/* Which records have a cell of more than `most` bytes, its quotes aside; no cell holds one. */
void cells_longer(const uint8_t *text, const int64_t *starts, const int64_t *stops, int64_t count,
                  uint8_t delimiter, int64_t most, uint8_t *longer) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + starts[i], *end = text + stops[i];
        longer[i] = false;
        for (bool is_last = false; !is_last && !longer[i]; at++) {
            const uint8_t *start = at;
            at = cell_end(at, end, delimiter);
            longer[i] = at - start - 2 * (start < end && *start == '"') > most;
            is_last = at == end;
        }
    }
}

/* Which records hold an odd number of quotes. */
void cells_odd_quotes(const uint8_t *text, const int64_t *starts, const int64_t *stops,
                      int64_t count, uint8_t *odd) {
    for (int64_t i = 0; i < count; i++) {
        uint8_t quotes = 0;
        for (int64_t at = starts[i]; at < stops[i]; at++) quotes += text[at] == '"';
        odd[i] = quotes & 1;
    }
}

/* The records, a `line_end` behind each; those inside are `inner_end`s. `lines` has room for the
 * records and one byte more for each. */
void cells_copied(const uint8_t *text, const int64_t *starts, const int64_t *stops, int64_t count,
                  uint8_t line_end, uint8_t inner_end, uint8_t *lines) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *restrict from = text + starts[i];
        uint8_t *restrict to = lines;
        int64_t size = stops[i] - starts[i];
        for (int64_t at = 0; at < size; at++) to[at] = from[at] == line_end ? inner_end : from[at];
        to[size] = line_end;
        lines += size + 1;
    }
}

/* Where the line of well-quoted cells ends that starts at `at`; it ends in an LF. */
static const uint8_t *line_stop(const uint8_t *at, const uint8_t *end) {
    for (uint8_t quotes = 0;; at++) {
        const uint8_t *stop = memchr(at, '\n', end - at);
        for (; at < stop; at++) quotes += *at == '"';
        if (!(quotes & 1)) return stop;
    }
}

static bool is_letter_or_digit(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z');
}

static uint8_t *put(uint8_t *to, const uint8_t *from, int64_t size) {
    for (int64_t i = 0; i < size; i++) to[i] = from[i]; /* mostly a few */
    return to + size;
}

/* Each line of `told`, behind it the cells of a record with commas between, in quotes where they
 * need them, and a CRLF. Before cells that do not match `harmless`, an automaton or NULL, there is a
 * `'`: `guarded` says before how many. It matches whatever starts with a letter or a digit.
 *
 * `lines` has room for all of `told`, for the records, for three bytes more for each cell, and two
 * for each record. Returns its size. */
int64_t cells_behind(const uint8_t *told, int64_t told_size, const uint8_t *text,
                     const int64_t *starts, const int64_t *stops, int64_t count, uint8_t delimiter,
                     void *harmless, uint8_t *lines, int64_t *guarded) {
    const uint8_t *told_end = told + told_size;
    uint8_t *to = lines;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *stop = line_stop(told, told_end);
        memcpy(to, told, stop - told);
        to += stop - told;
        told = stop + 1;
        const uint8_t *at = text + starts[i], *end = text + stops[i];
        for (bool is_last = false; !is_last;) {
            bool is_quoted = at < end && *at == '"', needs_quotes = false;
            const uint8_t *start = at + is_quoted;
            at = cell_end(at, end, delimiter);
            const uint8_t *cell_stop = at - is_quoted;
            for (const uint8_t *each = start; each < cell_stop; each++)
                needs_quotes |= *each == ',' || *each == '"' || *each == '\n' || *each == '\r';
            *to++ = ',';
            if (needs_quotes) *to++ = '"';
            if (harmless && start < cell_stop && !is_letter_or_digit(*start) &&
                !automaton_matches(harmless, start, cell_stop)) {
                *to++ = '\'';
                ++*guarded;
            }
            to = put(to, start, cell_stop - start);
            if (needs_quotes) *to++ = '"';
            is_last = at == end;
            at += !is_last;
        }
        *to++ = '\r';
        *to++ = '\n';
    }
    return to - lines;
}
