/// The different elements of `list`, ascending.
func distinct<Element: Comparable>(_ list: [Element]) -> [Element] {
    let sorted = list.sorted()
    return zip(sorted.indices, sorted)
        .filter { index, element in index == 0 || sorted[index - 1] != element }
        .map { _, element in element }
}
