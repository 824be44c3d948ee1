/* Cells of plain records: those that hold no quote, whether they stand in quotes or not. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *start, *stop; /* without the quotes */
    const uint8_t *next;         /* the cell behind it, NULL if there is none */
} Cell;

static Cell cell_at(const uint8_t *at, const uint8_t *end, uint8_t delimiter) {
    bool is_quoted = at < end && *at == '"';
    const uint8_t *start = at + is_quoted;
    const uint8_t *stop = memchr(start, is_quoted ? '"' : delimiter, end - start);
    if (!stop) stop = end;
    const uint8_t *behind = stop + is_quoted;
    return (Cell){start, stop, behind < end ? behind + 1 : NULL};
}

/* The first cells of the records from `starts` to `stops` in `text`, which have several, each with
 * an LF. Returns the size of `firsts`, which has room for the records and an LF for each. */
int64_t cells_first(const uint8_t *text, const int64_t *starts, const int64_t *stops,
                    int64_t count, uint8_t delimiter, uint8_t *firsts) {
    uint8_t *to = firsts;
    for (int64_t i = 0; i < count; i++) {
        Cell cell = cell_at(text + starts[i], text + stops[i], delimiter);
        memcpy(to, cell.start, cell.stop - cell.start);
        to += cell.stop - cell.start;
        *to++ = '\n';
    }
    return to - firsts;
}

/* Which records have a cell of more than `most` bytes. */
void cells_longer(const uint8_t *text, const int64_t *starts, const int64_t *stops, int64_t count,
                  uint8_t delimiter, int64_t most, uint8_t *longer) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = text + starts[i], *end = text + stops[i];
        longer[i] = false;
        while (at && !longer[i]) {
            Cell cell = cell_at(at, end, delimiter);
            longer[i] = cell.stop - cell.start > most;
            at = cell.next;
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

/* The records, each on one line: line ends inside are `inner_end`s, and one `line_end` is behind.
 * `lines` has room for the records and one byte more for each. */
void cells_on_one_line(const uint8_t *text, const int64_t *starts, const int64_t *stops,
                       int64_t count, uint8_t line_end, uint8_t inner_end, uint8_t *lines) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *restrict from = text + starts[i];
        uint8_t *restrict to = lines;
        int64_t size = stops[i] - starts[i];
        for (int64_t at = 0; at < size; at++) to[at] = from[at] == line_end ? inner_end : from[at];
        to[size] = line_end;
        lines += size + 1;
    }
}
