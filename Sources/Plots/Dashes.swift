/// Dashes of 7 pixels and gaps of 6 along a line, as far as it lies in `box`.
func dashes(from begin: Point, to end: Point, inside box: Box) -> [[Point]] {
    guard let (begin, end) = clipped(begin, end, box) else { return [] }
    let (dx, dy) = (end.x - begin.x, end.y - begin.y)
    let length = (dx * dx + dy * dy).squareRoot()
    guard length > 0 else { return [] }
    func place(_ distance: Double) -> Point {
        let share = min(distance / length, 1)
        return Point(begin.x + share * dx, begin.y + share * dy)
    }
    return stride(from: 0, to: length, by: 13).map { [place($0), place($0 + 7)] }
}

/// The part of a line that lies in `box`, if there is one.
/// - Source: Y.-D. Liang and B. A. Barsky, *A New Concept and Method for Line Clipping* (1984).
private func clipped(_ begin: Point, _ end: Point, _ box: Box) -> (Point, Point)? {
    guard begin.isFinite, end.isFinite else { return nil }
    let (dx, dy) = (end.x - begin.x, end.y - begin.y)
    var (first, last) = (0.0, 1.0)
    let edges = [
        (-dx, begin.x - Double(box.left)), (dx, Double(box.right) - begin.x),
        (-dy, begin.y - Double(box.top)), (dy, Double(box.bottom) - begin.y),
    ]
    for (direction, distance) in edges {
        guard direction != 0 else {
            guard distance >= 0 else { return nil }
            continue
        }
        let share = distance / direction
        if direction < 0 { first = max(first, share) } else { last = min(last, share) }
    }
    guard first <= last else { return nil }
    return (
        Point(begin.x + first * dx, begin.y + first * dy),
        Point(begin.x + last * dx, begin.y + last * dy)
    )
}

/// `text`, or its begin and its end with dots between, if it is wider than `room` pixels.
func shortened(_ text: String, to room: Double, size: Double) -> String {
    guard Typeface.width(of: text, size: size) > room else { return text }
    // A file's header may hold any text; nobody reads so much of it.
    let characters = Array(text.prefix(200)) + (text.count > 200 ? Array(text.suffix(200)) : [])
    for count in stride(from: characters.count - 1, through: 0, by: -1) {
        let part =
            String(characters.prefix((count + 1) / 2)) + "..."
            + String(characters.suffix(count / 2))
        if Typeface.width(of: part, size: size) <= room { return part }
    }
    return ""
}
