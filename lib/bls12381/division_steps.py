#!/usr/bin/env python3
"""How many division steps bring every g to 0: what inverse.c relies on, proved for p and for r.

    division_steps.py        prints the two numbers; takes half an hour

A division step takes (delta, f, g) to (1 - delta, g, (g - f)/2), (1 + delta, f, (g + f)/2) or
(1 + delta, f, g/2). Which one depends on parities, which are forgotten here: for each delta the convex
hull of all (f, g) / modulus that any choices lead to, from the segment f = 1, 0 <= g <= 1 on. The maps
are linear, so that the hull of the images of a hull's corners holds the image of each of its points.
Where a hull has only |g| < 1 / modulus, the integer g is 0 and remains so. After Wuille
(github.com/sipa/safegcd-bounds). Coordinates are exact integers over 2^steps.
"""

X = -0xd201000000010000
P = ((X - 1) ** 2 * (X**4 - X**2 + 1)) // 3 + X
R = X**4 - X**2 + 1


def half_hull(points):
    hull = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2], hull[-1]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            hull.pop()
        hull.append((x, y))
    return hull


def convex_hull(points):
    points = sorted(set(points))
    if len(points) < 3:
        return points
    return half_hull(points)[:-1] + half_hull(points[::-1])[:-1]


def steps(modulus):
    hulls = {-1: [(1, 0), (1, 1)]}  # by zeta = -(delta + 1/2)
    n = 0
    while hulls:
        images = {}
        for zeta, points in hulls.items():
            stay = images.setdefault(zeta - 1, [])
            stay.extend((2 * f, g) for f, g in points)
            if zeta < 0:
                images.setdefault(-zeta - 2, []).extend((2 * g, g - f) for f, g in points)
            else:
                stay.extend((2 * f, g + f) for f, g in points)
        n += 1
        hulls = {}
        for zeta, points in images.items():
            hull = convex_hull(points)
            if max(abs(g) for _, g in hull) * modulus >= 1 << n:
                hulls[zeta] = hull
    return n


if __name__ == "__main__":
    print("r", steps(R))
    print("p", steps(P))
