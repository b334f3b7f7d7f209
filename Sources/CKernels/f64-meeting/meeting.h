// Going through, over the vocabulary of an instruction set:
//   is_outside(remaining, weight, least, most, lanes): whether remaining − weight leaves least ... most in any lane;
//   matches(price, load, stride, rows, most_price, most_load): which of 16 kept selections may do, as bits.

#include "bounds.h"

// Rounding may move a number by less than this fraction of a cell.
static const double margin_of_cells = 1e-3;

// Whether a kept selection fits, in FP64, beside one of cost `sum`.
static inline int fits(const qn_f64_meeting *m, double sum, const double *remaining, size_t kept, double room) {
  double cost = sum + m->kept_cost[kept];
  for (size_t r = 0; r < m->rows; r++) {
    double unused = remaining[r] - m->kept_weight[r * m->stride + kept];
    if (unused < 0) return 0;
    cost += m->dual[r] * unused;
  }
  return cost < room;
}

// The cells of an axis whose selections fill its row well enough; `first` > `last` where there are none.
static inline void cells(const qn_f64_meeting_axis *axis, const double *remaining, double left, ptrdiff_t *first,
                         ptrdiff_t *last) {
  double end = (double)(axis->cells - 1);
  double high = (remaining[axis->row] - axis->low) * axis->scale + margin_of_cells;
  double unused = left * axis->reach;
  double low = high - (unused < axis->most ? unused : axis->most) - 2 * margin_of_cells;
  high = high < end ? high : end;
  low = low > 0 ? low : 0;
  *last = high < 0 ? -1 : (ptrdiff_t)high;
  *first = low < (double)axis->cells ? (ptrdiff_t)low : axis->cells;
  // Rounding may have put what weighs most into the last cell.
  if (low <= (double)axis->cells && *first > end) *first = axis->cells - 1;
}

// Looks up what fits beside the selection that ends with path[depth - 1].
static inline void look_up(const qn_f64_meeting *m, qn_f64_meeting_progress *p, const qn_f64_meeting_memory *memory,
                           double sum, const double *remaining, size_t depth) {
  ptrdiff_t first[3], last[3];
  for (int a = 0; a < 3; a++) cells(&m->axes[a], remaining, p->room - sum, &first[a], &last[a]);
  float *load = memory->load;
  double used = 0, size = 0;
  for (size_t r = 0; r < m->rows; r++) {
    double worth = m->dual[r] * remaining[r];
    load[r] = above(remaining[r], fabs(remaining[r]));
    used += worth;
    size += fabs(worth);
  }
  float price = above((p->room - sum - used) / m->unit, (fabs(p->room) + size) / m->unit);
  for (ptrdiff_t x = first[0]; x <= last[0]; x++) {
    for (ptrdiff_t y = first[1]; y <= last[1]; y++) {
      ptrdiff_t line = (x * m->axes[1].cells + y) * m->axes[2].cells;
      if (first[2] > last[2]) continue;
      size_t end = (size_t)m->start[line + last[2] + 1];
      for (size_t k = (size_t)m->start[line + first[2]]; k < end; k += 16) {
        p->work++;
        unsigned bits = matches(m->kept_price + k, m->kept_load + k, m->stride, m->rows, price, load);
        for (; __builtin_expect(bits != 0, 0); bits &= bits - 1) {
          size_t kept = k + (size_t)__builtin_ctz(bits);
          // Blocks reach into the next line.
          if (kept < end && fits(m, sum, remaining, kept, p->room)) {
            p->room = p->found(p->context, memory->path, depth, kept);
          }
        }
      }
    }
  }
}

// Lists the departures from `from` on after which something is within reach, and looks each of them up.
static inline void list_children(const qn_f64_meeting *m, qn_f64_meeting_progress *p,
                                 const qn_f64_meeting_memory *memory, size_t depth, size_t from, size_t lanes) {
  const double *remaining = memory->remaining + depth * lanes;
  double sum = memory->sum[depth], left = p->room - sum;
  size_t begin = depth ? memory->end[depth - 1] : 0, end = begin, i = from;
  // Without branches: whether a departure is within reach is as good as random.
  for (; m->cost[i] < left; i++) {
    size_t part = (size_t)((left - m->cost[i]) * m->scale), at = ((i + 1) * (m->parts + 1) + part) * lanes;
    int is_in = !is_outside(remaining, m->weight + i * lanes, m->least + at, m->most + at, lanes);
    memory->child[end] = (int32_t)i;
    end += (size_t)(is_in & !memory->taken[m->group[i]]);
  }
  p->work += i - from;
  memory->next[depth] = begin;
  memory->end[depth] = end;
  double *now = memory->remaining + (depth + 1) * lanes;
  for (size_t k = begin; k < end; k++) {
    size_t child = (size_t)memory->child[k];
    double cost = sum + m->cost[child];
    if (cost < m->from || cost >= p->room) continue;
    for (size_t r = 0; r < m->rows; r++) now[r] = remaining[r] - m->weight[child * lanes + r];
    memory->path[depth] = (int32_t)child;
    look_up(m, p, memory, cost, now, depth + 1);
  }
}

static inline int go_through(const qn_f64_meeting *m, qn_f64_meeting_progress *p, const qn_f64_meeting_memory *memory,
                             size_t lanes) {
  size_t depth = 0;
  for (size_t l = 0; l < lanes; l++) memory->remaining[l] = m->limit[l];
  memory->sum[0] = 0;
  if (m->from <= 0) look_up(m, p, memory, 0, memory->remaining, 0);
  if (m->count > memory->capacity) return 0;
  list_children(m, p, memory, 0, 0, lanes);
  for (;;) {
    if (p->work >= p->next_look && !(p->next_look = p->look(p->context, p->work))) return 0;
    if (memory->next[depth] == memory->end[depth]) {
      if (depth == 0) return 1;
      depth--;
      memory->taken[m->group[memory->path[depth]]] = 0;
      continue;
    }
    size_t child = (size_t)memory->child[memory->next[depth]++];
    double sum = memory->sum[depth] + m->cost[child];
    if (sum + m->cost[child + 1] >= p->room) continue;
    if (depth + 1 == memory->depths || memory->end[depth] + (m->count - child) > memory->capacity) return 0;
    const double *weight = m->weight + child * lanes, *remaining = memory->remaining + depth * lanes;
    for (size_t l = 0; l < lanes; l++) memory->remaining[(depth + 1) * lanes + l] = remaining[l] - weight[l];
    memory->taken[m->group[child]] = 1;
    memory->path[depth] = (int32_t)child;
    memory->sum[++depth] = sum;
    list_children(m, p, memory, depth, child + 1, lanes);
  }
}

int MEETING(const qn_f64_meeting *meeting, qn_f64_meeting_progress *progress, const qn_f64_meeting_memory *memory) {
  // A constant, where it is the usual one.
  return meeting->lanes == 8 ? go_through(meeting, progress, memory, 8)
                             : go_through(meeting, progress, memory, meeting->lanes);
}
