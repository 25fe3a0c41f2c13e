/// The different elements of `list`, ascending.
///
/// O(n log n) comparisons.
@inlinable
package func distinct<Element: Comparable>(_ list: [Element]) -> [Element] {
    var kept: [Element] = []
    for element in list.sorted() where kept.last != element { kept.append(element) }
    return kept
}
