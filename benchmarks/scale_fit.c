/* SPDX-License-Identifier: BSD-3-Clause */
#include "scale_fit.h"

#include <math.h>

#define NEARLY   1.25
#define OF_NOISE 0.25 /* of the tolerance: what may hide which of two growing ones it is */

static double
constant(double size)
{
    (void)size;
    return 0;
}

static double
linear(double size)
{
    return size;
}

static double
linear_log(double size)
{
    return size * log2(size);
}

static double
square(double size)
{
    return size * size;
}

static const struct {
    const char *order;
    double (*grows)(double size);
} models[] = {
    { "O(1)", constant },         { "O(log n)", log2 }, { "O(n)", linear },
    { "O(n log n)", linear_log }, { "O(n^2)", square },
};

#define MODELS (sizeof(models) / sizeof(models[0]))

/* Sums over the points, each weighted by 1/cost^2. */
struct sums {
    double one, f, ff, y, fy;
};

static struct sums
sum_up(double (*grows)(double), const double *sizes, const double *costs, unsigned count)
{
    struct sums sums = { 0 };

    for (unsigned i = 0; i < count; i++) {
        double weight = 1 / (costs[i] * costs[i]), f = grows(sizes[i]);

        sums.one += weight;
        sums.f += weight * f;
        sums.ff += weight * f * f;
        sums.y += weight * costs[i];
        sums.fy += weight * f * costs[i];
    }
    return sums;
}

/* The best of the lines with neither part below 0. */
static void
solve(const struct sums *sums, struct scale_fit *fit)
{
    double determinant = sums->one * sums->ff - sums->f * sums->f;

    fit->base = sums->y / sums->one;
    fit->slope = 0;
    if (determinant <= 0)
        return;
    fit->slope = (sums->one * sums->fy - sums->f * sums->y) / determinant;
    fit->base = (sums->y - fit->slope * sums->f) / sums->one;
    if (fit->slope < 0) {
        fit->slope = 0;
        fit->base = sums->y / sums->one;
    } else if (fit->base < 0) {
        fit->base = 0;
        fit->slope = sums->fy / sums->ff;
    }
}

static struct scale_fit
fit_model(unsigned model, const double *sizes, const double *costs, unsigned count)
{
    struct sums sums = sum_up(models[model].grows, sizes, costs, count);
    struct scale_fit fit = { .order = models[model].order };
    double squares = 0;

    solve(&sums, &fit);
    for (unsigned i = 0; i < count; i++) {
        double off = (fit.base + fit.slope * models[model].grows(sizes[i])) / costs[i] - 1;

        squares += off * off;
    }
    fit.error = sqrt(squares / count);
    return fit;
}

struct scale_fit
scale_fit_find(const double *sizes, const double *costs, unsigned count, double tolerance)
{
    struct scale_fit fits[MODELS];
    double best = INFINITY;

    for (unsigned i = 0; i < MODELS; i++) {
        fits[i] = fit_model(i, sizes, costs, count);
        best = fmin(best, fits[i].error);
    }
    if (fits[0].error <= fmax(tolerance, best * NEARLY))
        return fits[0];
    for (unsigned i = 1; i < MODELS - 1; i++)
        if (fits[i].error <= fmax(tolerance * OF_NOISE, best * NEARLY))
            return fits[i];
    return fits[MODELS - 1];
}
