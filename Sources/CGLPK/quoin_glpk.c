#include "CGLPK.h"

#include <float.h>
#include <glpk.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Points closer to integers than this are shown to `separate`. It is wider than what the search accepts as
// integral (INTEGRALITY) and than GLPK's tolerance on bounds (1e-7), so that no accepted point is missed.
#define NEARLY_INTEGRAL 1e-5
#define INTEGRALITY 1e-9
// How much better, relative to the objective, a branch has to promise to be. GLPK's own 1e-7 would end the search
// with points that are visibly worse than the optimum.
#define IMPROVEMENT 1e-9
// The simplex method cannot be interrupted from outside, so it runs in slices of this many seconds.
#define SLICE 0.1

typedef struct {
  jmp_buf recovery;
  const quoin_glpk_problem *problem;
  const quoin_glpk_options *options;
  quoin_glpk_result *result;
  glp_prob *program;
  double deadline;
  bool started;
  // Arrays of GLPK, which counts from 1; `point` counts from 0.
  int *columns;
  double *values;
  double *point;
  // What GLPK has said of a line whose end has not come yet.
  char line[256];
  size_t line_length;
  bool in_slice;
} session;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// --- Hooks ---

static void end_line(session *s) {
  if (s->line_length == 0) return;
  s->line[s->line_length] = 0;
  s->line_length = 0;
  // The end of a slice of the simplex method is no limit that anybody has set.
  if (s->in_slice && strncmp(s->line, "TIME LIMIT", 10) == 0) return;
  s->options->log(s->options->context, s->line);
}

// GLPK prints pieces of lines, and several lines at once.
static void log_lines(session *s, const char *text) {
  for (; *text != 0; text++) {
    if (*text == '\n') {
      end_line(s);
      continue;
    }
    if (s->line_length + 1 == sizeof s->line) end_line(s);
    s->line[s->line_length++] = *text;
  }
}

// GLPK writes its last words through the terminal hook before it calls the error hook. The hook belongs to the
// environment of this thread, so that what is said on other threads goes to their sessions.
static int on_output(void *info, const char *text) {
  session *s = info;
  if (s->options->log != NULL) log_lines(s, text);
  size_t length = strcspn(text, "\n");
  if (length > 0) {
    if (length >= sizeof s->result->message) length = sizeof s->result->message - 1;
    memcpy(s->result->message, text, length);
    s->result->message[length] = 0;
  }
  return 1;
}

static void recover(void *info) {
  session *s = info;
  _longjmp(s->recovery, 1);
}

static int message_level(const session *s) { return s->options->log == NULL ? GLP_MSG_OFF : GLP_MSG_ALL; }

// --- Building ---

static int bound_kind(double lower, double upper) {
  if (isinf(lower)) return isinf(upper) ? GLP_FR : GLP_UP;
  if (isinf(upper)) return GLP_LO;
  return lower == upper ? GLP_FX : GLP_DB;
}

static void load_matrix(session *s) {
  const quoin_glpk_problem *p = s->problem;
  // Allocated by GLPK, so that its environment frees them if it fails half-way.
  int *row = glp_alloc(p->entries + 1, sizeof(int));
  int *column = glp_alloc(p->entries + 1, sizeof(int));
  double *value = glp_alloc(p->entries + 1, sizeof(double));
  for (int32_t i = 0; i < p->entries; i++) {
    row[i + 1] = p->entry_row[i] + 1;
    column[i + 1] = p->entry_column[i] + 1;
    value[i + 1] = p->entry_value[i];
  }
  glp_load_matrix(s->program, p->entries, row, column, value);
  glp_free(row);
  glp_free(column);
  glp_free(value);
}

static void build(session *s) {
  const quoin_glpk_problem *p = s->problem;
  s->program = glp_create_prob();
  glp_set_obj_dir(s->program, p->maximize ? GLP_MAX : GLP_MIN);
  if (p->rows > 0) glp_add_rows(s->program, p->rows);
  if (p->columns > 0) glp_add_cols(s->program, p->columns);
  for (int32_t i = 0; i < p->rows; i++) {
    glp_set_row_bnds(
        s->program, i + 1, bound_kind(p->row_lower[i], p->row_upper[i]), p->row_lower[i], p->row_upper[i]);
  }
  for (int32_t j = 0; j < p->columns; j++) {
    glp_set_col_bnds(
        s->program, j + 1, bound_kind(p->column_lower[j], p->column_upper[j]), p->column_lower[j],
        p->column_upper[j]);
    glp_set_obj_coef(s->program, j + 1, p->objective[j]);
    if (p->integer[j]) glp_set_col_kind(s->program, j + 1, GLP_IV);
  }
  load_matrix(s);
  // Scale factors are powers of two, so that no number is rounded. (GLP_SF_AUTO rounds: it lets a row's lower and
  // upper bound coincide when they differ in their last digit, which the simplex method then refuses.)
  glp_scale_prob(s->program, GLP_SF_GM | GLP_SF_EQ | GLP_SF_2N | GLP_SF_SKIP);
}

// --- Stopping ---

static bool must_stop(session *s) {
  const quoin_glpk_options *o = s->options;
  if (o->interrupted != NULL && o->interrupted(o->context)) {
    s->result->stop = QUOIN_GLPK_INTERRUPTED;
    return true;
  }
  if (now() >= s->deadline) {
    s->result->stop = QUOIN_GLPK_TIME_LIMIT;
    return true;
  }
  return false;
}

static int milliseconds(double seconds) {
  if (seconds >= 1e6) return INT_MAX;
  return seconds <= 1e-3 ? 1 : (int)(seconds * 1e3);
}

// --- The relaxation ---

static bool is_final(int status) { return status == GLP_OPT || status == GLP_UNBND || status == GLP_NOFEAS; }

// Runs one method in slices until it ends; returns whether it gave an answer or was stopped.
static bool run_simplex(session *s, int method) {
  glp_smcp parameters;
  glp_init_smcp(&parameters);
  parameters.msg_lev = message_level(s);
  parameters.meth = method;
  for (;;) {
    if (must_stop(s)) return true;
    parameters.tm_lim = milliseconds(fmin(SLICE, s->deadline - now()));
    s->in_slice = true;
    int code = glp_simplex(s->program, &parameters);
    s->in_slice = false;
    // The size of the program is told once.
    if (parameters.msg_lev > GLP_MSG_ON) parameters.msg_lev = GLP_MSG_ON;
    if (code == 0) return is_final(glp_get_status(s->program));
    if (code != GLP_ETMLIM) return false;
  }
}

// Returns whether the relaxation was solved to optimality; otherwise the result says what happened.
static bool solve_relaxation(session *s) {
  s->result->stop = QUOIN_GLPK_PROVED;
  glp_adv_basis(s->program, 0);
  bool answered = run_simplex(s, GLP_DUALP);
  if (!answered) {
    glp_std_basis(s->program);
    answered = run_simplex(s, GLP_PRIMAL);
  }
  if (!answered) {
    s->result->stop = QUOIN_GLPK_FAILED;
    strcpy(s->result->message, "the simplex method lost its precision");
  }
  if (s->result->stop != QUOIN_GLPK_PROVED) return false;
  int status = glp_get_status(s->program);
  if (status == GLP_UNBND) s->result->outcome = QUOIN_GLPK_UNBOUNDED;
  if (status == GLP_NOFEAS) s->result->outcome = QUOIN_GLPK_INFEASIBLE;
  return status == GLP_OPT;
}

static void take_relaxed_point(session *s, double *point) {
  for (int32_t j = 0; j < s->problem->columns; j++) point[j] = glp_get_col_prim(s->program, j + 1);
  s->result->bound = glp_get_obj_val(s->program);
  s->result->outcome = QUOIN_GLPK_POINT;
}

// --- The tree ---

static void offer_start(session *s, glp_tree *tree) {
  if (s->started || s->options->start == NULL) return;
  s->started = true;
  for (int32_t j = 0; j < s->problem->columns; j++) s->values[j + 1] = s->options->start[j];
  glp_ios_heur_sol(tree, s->values);
}

// Shows a nearly integral optimum of the node to the caller, and adds the row that the caller answers with. The
// row stays with this node and its descendants, which is enough: no other node holds the point.
static void separate(session *s, glp_tree *tree) {
  if (s->options->separate == NULL) return;
  glp_prob *node = glp_ios_get_prob(tree);
  for (int32_t j = 0; j < s->problem->columns; j++) {
    double x = glp_get_col_prim(node, j + 1);
    if (s->problem->integer[j]) {
      double nearest = round(x);
      if (fabs(x - nearest) > NEARLY_INTEGRAL) return;
      x = nearest;
    }
    s->point[j] = x;
  }
  quoin_glpk_row row = {.count = 0, .columns = s->columns + 1, .values = s->values + 1};
  if (!s->options->separate(s->options->context, s->point, &row)) return;
  for (int32_t i = 0; i < row.count; i++) row.columns[i] += 1;
  int index = glp_add_rows(node, 1);
  glp_set_row_bnds(node, index, bound_kind(row.lower, row.upper), row.lower, row.upper);
  glp_set_mat_row(node, index, row.count, s->columns, s->values);
  s->result->separated += 1;
}

static void note_bound(session *s, glp_tree *tree) {
  int best = glp_ios_best_node(tree);
  if (best == 0) return;
  double bound = glp_ios_node_bound(tree, best);
  if (fabs(bound) < DBL_MAX) s->result->bound = bound;
}

static bool gap_is_closed(session *s, glp_tree *tree) {
  glp_prob *program = glp_ios_get_prob(tree);
  if (s->options->gap <= 0 || glp_mip_status(program) != GLP_FEAS || isinf(s->result->bound)) return false;
  double incumbent = glp_mip_obj_val(program);
  return fabs(incumbent - s->result->bound) <= s->options->gap * fabs(incumbent + s->options->offset);
}

static void on_event(glp_tree *tree, void *info) {
  session *s = info;
  int nodes = 0;
  glp_ios_tree_size(tree, NULL, NULL, &nodes);
  s->result->nodes = nodes;
  note_bound(s, tree);
  switch (glp_ios_reason(tree)) {
    case GLP_IROWGEN: separate(s, tree); break;
    case GLP_IHEUR: offer_start(s, tree); break;
    default: break;
  }
  if (must_stop(s)) {
    glp_ios_terminate(tree);
  } else if (gap_is_closed(s, tree)) {
    s->result->stop = QUOIN_GLPK_GAP;
    glp_ios_terminate(tree);
  }
}

static void note_stop(session *s, int code) {
  switch (code) {
    case 0: s->result->stop = QUOIN_GLPK_PROVED; break;
    case GLP_ETMLIM: s->result->stop = QUOIN_GLPK_TIME_LIMIT; break;
    // The gap given to GLPK is 0: nothing is left between the incumbent and the bound.
    case GLP_EMIPGAP: s->result->stop = QUOIN_GLPK_PROVED; break;
    case GLP_ESTOP: break;  // on_event has said why
    default:
      s->result->stop = QUOIN_GLPK_FAILED;
      strcpy(s->result->message, "branch and bound could not solve a subproblem");
  }
}

static void search_tree(session *s, double *point) {
  glp_iocp parameters;
  glp_init_iocp(&parameters);
  parameters.msg_lev = message_level(s);
  parameters.tol_int = INTEGRALITY;
  parameters.tol_obj = IMPROVEMENT;
  parameters.sr_heur = GLP_OFF;  // it would accept points that `separate` has not seen
  parameters.tm_lim = milliseconds(s->deadline - now());
  parameters.cb_func = on_event;
  parameters.cb_info = s;
  note_stop(s, glp_intopt(s->program, &parameters));
  int status = glp_mip_status(s->program);
  if (status == GLP_OPT || status == GLP_FEAS) {
    for (int32_t j = 0; j < s->problem->columns; j++) point[j] = glp_mip_col_val(s->program, j + 1);
    s->result->outcome = QUOIN_GLPK_POINT;
    if (s->result->stop == QUOIN_GLPK_PROVED) s->result->bound = glp_mip_obj_val(s->program);
  } else if (s->result->stop == QUOIN_GLPK_PROVED) {
    s->result->outcome = QUOIN_GLPK_INFEASIBLE;
  }
}

// --- The call ---

static void solve(session *s, double *point) {
  build(s);
  if (solve_relaxation(s)) {
    if (glp_get_num_int(s->program) == 0) {
      take_relaxed_point(s, point);
    } else {
      s->result->bound = glp_get_obj_val(s->program);
      search_tree(s, point);
    }
  }
  glp_delete_prob(s->program);
}

static session *open_session(
    const quoin_glpk_problem *problem, const quoin_glpk_options *options, quoin_glpk_result *result) {
  session *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->problem = problem;
  s->options = options;
  s->result = result;
  s->deadline = now() + options->time_limit;
  size_t count = (size_t)problem->columns + 1;
  s->columns = calloc(count, sizeof *s->columns);
  s->values = calloc(count, sizeof *s->values);
  s->point = calloc(count, sizeof *s->point);
  return s;
}

static void close_session(session *s) {
  free(s->columns);
  free(s->values);
  free(s->point);
  free(s);
}

void quoin_glpk_solve(
    const quoin_glpk_problem *problem, const quoin_glpk_options *options, quoin_glpk_result *result,
    double *point) {
  memset(result, 0, sizeof *result);
  result->stop = QUOIN_GLPK_FAILED;
  result->bound = problem->maximize ? INFINITY : -INFINITY;
  // On the heap: what changes between setjmp and longjmp must not live in registers.
  session *s = open_session(problem, options, result);
  if (s == NULL || s->columns == NULL || s->values == NULL || s->point == NULL) {
    strcpy(result->message, "out of memory");
    if (s != NULL) close_session(s);
    return;
  }
  // An environment that somebody else made on this thread is left to them, unless GLPK fails.
  bool ours = glp_init_env() == 0;
  if (_setjmp(s->recovery) == 0) {
    glp_term_hook(on_output, s);
    glp_error_hook(recover, s);
    solve(s, point);
    glp_error_hook(NULL, NULL);
    glp_term_hook(NULL, NULL);
    if (ours) glp_free_env();
  } else {
    // After an error the only legal call is the one that frees everything.
    result->stop = QUOIN_GLPK_FAILED;
    result->outcome = QUOIN_GLPK_NO_POINT;
    glp_free_env();
  }
  close_session(s);
}

const char *quoin_glpk_version(void) { return glp_version(); }
