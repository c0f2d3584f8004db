"""Planted bugs of the disclosure control: its rules, leaks over several tables, groupings."""

from tests.planted_bugs.planting import PlantedBug

_DISCLOSURE = "tests/unit/reporting/disclosure"
_REDTEAM = "tests/redteam/test_redteam.py"
_READING = "tests/integration/reporting/disclosure/test_reading.py"
_LEAKS = "tests/redteam/test_attacks.py"
_GROUPINGS = "tests/integration/reporting/groupings/test_choice.py"

DISCLOSURE = (
    PlantedBug(
        "threshold-one-lower",
        "services.reporting.disclosure.model.tables:is_few",
        "return 0 < cell.contributors < THRESHOLD",
        "return 0 < cell.contributors < THRESHOLD - 1",
        f"{_DISCLOSURE}/test_disclosure.py::test_no_small_cell_is_shown",
    ),
    PlantedBug(
        "share-without-its-rest",
        "services.reporting.disclosure.model.tables:is_few",
        " or 0 < rest < THRESHOLD",
        "",
        f"{_DISCLOSURE}/test_disclosure.py::test_a_share_of_a_part_hides_small_numerators_and_rests",
    ),
    PlantedBug(
        "restatement-shows-one",
        "services.reporting.disclosure.model.tables:_moved_by_few",
        "return now.value != (before.value if before else none) and",
        "return False and",
        f"{_DISCLOSURE}/test_attack.py::test_a_correction_of_days_waits",
    ),
    PlantedBug(
        "statements-are-not-compared",
        "services.reporting.disclosure.model.attack:Attack._difference",
        "        self._rest(later, [earlier], left)\n",
        "",
        f"{_DISCLOSURE}/test_attack.py::test_rows_that_stay_do_not_reveal_those_that_move",
    ),
    PlantedBug(
        "hidden-numbers-are-shown-later",
        "services.reporting.disclosure.model.tables:_rows",
        "row.shown = not (row.few or hidden)",
        "row.shown = not row.few",
        f"{_DISCLOSURE}/test_attack.py::test_hidden_rows_stay_hidden",
    ),
    PlantedBug(
        "few-beside-a-total-are-shown",
        "services.reporting.disclosure.model.tables:total_is_few",
        "    return is_few(definition, total)\n",
        "    return bool(definition.minimum) and (total.denominator or 0) < (definition.minimum or 0)\n",
        f"{_DISCLOSURE}/test_disclosure.py::test_a_share_hides_a_small_numerator_and_its_complement",
    ),
    PlantedBug(
        "attack-forgets-periods",
        "services.reporting.disclosure.model.attack:Attack._leave",
        "            self._rest(parent, children, left, parent.smallest)\n",
        "            pass\n",
        f"{_DISCLOSURE}/test_attack.py::test_a_year_does_not_reveal_its_other_half",
    ),
    PlantedBug(
        "attack-forgets-the-total",
        "services.reporting.disclosure.model.attack:Attack._margins",
        "            if abs(real - total) < _CLOSE:\n",
        "            if abs(real - total) < _CLOSE:\n                continue\n            if abs(real - total) < 0:\n",
        f"{_DISCLOSURE}/test_attack.py::test_an_unsafe_table_is_found",
    ),
    PlantedBug(
        "two-values-are-enough",
        "services.reporting.disclosure.model.attack:POSSIBLE",
        "POSSIBLE = 3",
        "POSSIBLE = 2",
        f"{_DISCLOSURE}/test_attack.py::test_a_hidden_number_needs_three_possible_values",
    ),
    PlantedBug(
        "officials-are-shown-where-visits-are-hidden",
        "services.reporting.disclosure.model.gate:_hide_alike",
        "(*partners(table, group), *followers(table, group))",
        "partners(table, group)",
        f"{_REDTEAM}::test_no_count_of_few_is_pinned[1708]",
    ),
    PlantedBug(
        "those-without-a-match-lose-their-total",
        "services.reporting.disclosure.model.links:LINKS",
        'for each in ("topic-and-country", "topic-and-language")',
        "for each in ()",
        f"{_REDTEAM}::test_no_count_of_few_is_pinned[1192]",
    ),
    PlantedBug(
        "unsafe-figures-are-released",
        "services.reporting.disclosure.model.gate:_protect_totals",
        "            raise NotSafe(found)\n",
        "            return\n",
        f"{_DISCLOSURE}/test_attack.py::test_figures_that_cannot_be_made_safe_are_not_released",
    ),
    PlantedBug(
        "hidden-share-of-a-shown-figure",
        "services.reporting.disclosure.model.gate:_pattern",
        "            values_by_indicator[share] = {TOTAL: frozenset()}\n",
        "            pass\n",
        f"{_DISCLOSURE}/test_attack.py::test_a_share_of_hidden_rows_is_hidden",
    ),
    PlantedBug(
        "published-rows-are-hidden-later",
        "services.reporting.disclosure.model.gate:_protect_totals",
        "            if not table.fixed and table.rows[TOTAL].shown\n",
        "            if table.rows[TOTAL].shown\n",
        f"{_DISCLOSURE}/test_attack.py::test_figures_that_cannot_be_made_safe_are_not_released",
    ),
    PlantedBug(
        "links-between-figures-are-forgotten",
        "services.reporting.disclosure.model.attack:Attack.__init__",
        "in linked(self.tables):",
        "in linked([]):",
        f"{_DISCLOSURE}/test_joint_attack.py::test_tables_of_two_figures_together_reveal_no_number",
    ),
    PlantedBug(
        "tables-of-a-hidden-figure-are-forgotten",
        "services.reporting.disclosure.model.gate:_between_others",
        "        if (table.indicator, table.dimension) in MET:\n",
        "        if False:\n",
        f"{_DISCLOSURE}/test_joint_attack.py::test_tables_of_a_hidden_figure_are_attacked_through_those_of_others",
    ),
    PlantedBug(
        "joined-numbers-lose-what-is-known",
        "services.reporting.disclosure.model.system:_System._join",
        "        self._bound(column, *self._bounds[other])\n",
        "",
        f"{_DISCLOSURE}/test_system.py::test_equal_numbers_are_known_as_well_as_each_of_them",
    ),
)

LEAKS = (
    PlantedBug(
        "open-periods-are-read",
        "services.reporting.disclosure.actions:readable_period",
        "return approval, steers or approval.state is PeriodState.PUBLISHED",
        "return approval, True",
        f"{_READING}::test_before_the_first_publication_every_route_says_so",
        only="donor",
    ),
    PlantedBug(
        "days-of-the-programme-are-read",
        "services.reporting.disclosure.actions:readable_period",
        "        raise _closed()\n",
        "        pass\n",
        f"{_READING}::test_before_the_first_publication_every_route_says_so",
        only="donor",
    ),
    PlantedBug(
        "other-periods-are-forgotten",
        "services.reporting.disclosure.actions:release_statement",
        "        for label, statement, pattern in await store.releases(session)\n",
        "        for label, statement, pattern in await store.releases(session)\n"
        "        if label == approval.period.label\n",
        f"{_LEAKS}::test_a_programme_and_periods_reveal_nobody",
    ),
    PlantedBug(
        "earlier-statements-are-forgotten",
        "services.reporting.disclosure.actions:release_statement",
        "        for label, statement, pattern in await store.releases(session)\n",
        "        for label, statement, pattern in await store.releases(session)\n"
        "        if label != approval.period.label\n",
        f"{_LEAKS}::test_b_rows_that_stay_do_not_reveal_those_that_move",
    ),
    PlantedBug(
        "a-restatement-by-one-does-not-wait",
        "services.reporting.disclosure.model.gate:_is_lost",
        "return shown and",
        "return False and",
        f"{_LEAKS}::test_c_a_restatement_by_one_does_not_tell_an_answer",
    ),
    PlantedBug(
        "readers-compare-calls",
        "services.reporting.overview.pages.comparison:compare_calls",
        "_: Steerer",
        "_: Reader",
        f"{_LEAKS}::test_d_calls_do_not_tell_what_periods_hide",
    ),
    PlantedBug(
        "readers-download-calls",
        "services.reporting.overview.pages.comparison:calls_as_csv",
        "_: Steerer",
        "_: Reader",
        f"{_LEAKS}::test_d_calls_do_not_tell_what_periods_hide",
    ),
    PlantedBug(
        "days-have-a-number-of-events",
        "services.reporting.disclosure.model.gate:_released_total",
        "    events = total.count if total.count in {total.value, total.denominator} else None\n"
        "    if figure.definition.id not in _AN_EVENT_EACH:\n"
        "        events = None\n",
        "    events = total.count\n",
        f"{_LEAKS}::test_e_numbers_of_events_do_not_tell_hidden_visits",
    ),
    PlantedBug(
        "parts-have-a-number-of-events",
        "services.reporting.disclosure.model.gate:_released_part",
        "cell.denominator, None, cell.digest",
        "cell.denominator, cell.count, cell.digest",
        f"{_LEAKS}::test_e_numbers_of_events_do_not_tell_hidden_visits",
    ),
    PlantedBug(
        "totals-of-few-are-shown",
        "services.reporting.disclosure.model.tables:total_tables",
        "    few = total_is_few(figure) or (",
        "    few = False or (",
        f"{_LEAKS}::test_f_totals_of_few_and_few_beside_a_total_are_hidden",
    ),
    PlantedBug(
        "periods-that-end-together-are-not-compared",
        "services.reporting.disclosure.model.attack:Attack._ends",
        "                if first.start != other.start:  # statements of one period are compared as such\n",
        "                if first.start > other.start:\n",
        f"{_DISCLOSURE}/test_period_ends.py::test_periods_that_end_together_do_not_tell_a_late_fact",
    ),
    PlantedBug(
        "statements-of-quarters-are-not-mixed",
        "services.reporting.disclosure.model.attack:Attack._periods",
        "for children in product(*some):",
        "for children in zip(*some):",
        f"{_DISCLOSURE}/test_period_ends.py::test_earlier_statements_of_a_quarter_are_compared_with_its_half",
    ),
)

GROUPINGS = (
    PlantedBug(
        "groupings-change-after-publication",
        "services.reporting.groupings.actions.choice:choose",
        "            choosable(await periods_store.approvals(tx.session))\n",
        "            pass\n",
        f"{_GROUPINGS}::test_groupings_stay_once_figures_are_submitted",
    ),
    PlantedBug(
        "groups-are-counted-as-values",
        "services.reporting.groupings.model:Levels.group",
        "if level == VALUES or value == UNSAID:",
        "if True:",
        f"{_GROUPINGS}::test_all_that_is_read_has_the_chosen_groups",
    ),
    PlantedBug(
        "joint-rows-keep-the-values-of-groups",
        "services.reporting.indicators.model.figure:_grouped",
        "name = joined(levels.group(part, each) for part, each in zip(parts, combination, strict=True))",
        "name = joined(combination)",
        f"{_DISCLOSURE}/test_groups.py::test_joint_groups_add_up_to_the_groups_of_their_parts",
    ),
    PlantedBug(
        "groups-of-earlier-statements-are-forgotten",
        "services.reporting.disclosure.model.attack:Attack._statements",
        "for statements in _by_span(family):",
        "for statements in _by_span([each for each in family if len(each.rows) > 5 or not each.dimension]):",
        f"{_DISCLOSURE}/test_groups.py::test_a_group_that_stays_does_not_reveal_one_that_moves",
    ),
    PlantedBug(
        "the-other-group-is-no-part-of-the-total",
        "services.reporting.disclosure.model.attack:Attack._margins",
        "layer]: 1.0 for value in values}",
        'layer]: 1.0 for value in values if value != "other_group"}',
        f"{_DISCLOSURE}/test_groups.py::test_the_group_of_all_other_values_is_a_part_of_the_total",
    ),
)
"""A grouping that changes between two releases, or is not applied, tells the values behind a group."""
