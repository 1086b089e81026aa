use super::*;

fn pager(style: Style) -> Pager {
    let begin = match style {
        Style::Offset => Position::Offset(0),
        Style::AfterId => Position::After(0),
        Style::Cursor | Style::CursorUntilEmpty => Position::Start,
    };
    let paging = Paging {
        style,
        rows: "rows",
        most: Some(10),
    };
    Pager::new(paging, begin, None)
}

fn page(received: usize) -> Sight {
    Sight {
        received,
        ..Sight::default()
    }
}

fn cursor(text: &str) -> Option<Position> {
    Some(Position::Cursor(text.to_owned()))
}

#[test]
fn a_count_beyond_the_limit_is_lowered_and_none_is_the_limit() {
    let count = |most, wanted| {
        let paging = Paging {
            style: Style::Offset,
            rows: "rows",
            most,
        };
        Pager::new(paging, Position::Start, wanted).count()
    };
    assert_eq!(count(Some(500), None), Some(500));
    assert_eq!(count(Some(500), Some(501)), Some(500));
    assert_eq!(count(Some(500), Some(7)), Some(7));
    assert_eq!(count(Some(500), Some(0)), Some(1));
    assert_eq!(count(None, Some(7)), None);
}

#[test]
fn a_cursor_leads_on_until_there_is_none() {
    let mut pager = pager(Style::Cursor);
    let next = Sight {
        next: cursor("a"),
        ..page(0)
    };
    assert_eq!(pager.turn(&next), Ok(Turn::Next));
    assert_eq!(pager.position(), &Position::Cursor("a".to_owned()));
    assert_eq!(pager.turn(&page(3)), Ok(Turn::Done));
}

#[test]
fn what_the_page_says_about_more_comes_before_its_cursor() {
    let last = Sight {
        more: Some(false),
        next: cursor("for next time"),
        ..page(1)
    };
    assert_eq!(pager(Style::Cursor).turn(&last), Ok(Turn::Done));
    let lost = Sight {
        more: Some(true),
        ..page(1)
    };
    assert_eq!(pager(Style::Cursor).turn(&lost), Err(Problem::NoCursor));
}

#[test]
fn cursors_that_lead_in_a_circle_end_with_an_error() {
    let mut pager = pager(Style::Cursor);
    let mut turn = |text| {
        pager.turn(&Sight {
            next: cursor(text),
            ..page(1)
        })
    };
    assert_eq!(turn("a"), Ok(Turn::Next));
    assert_eq!(turn("b"), Ok(Turn::Next));
    assert_eq!(turn("a"), Err(Problem::Circle));
}

#[test]
fn an_empty_page_ends_a_list_that_always_has_a_cursor() {
    let mut pager = pager(Style::CursorUntilEmpty);
    let with = |received| Sight {
        next: cursor("a"),
        ..page(received)
    };
    assert_eq!(pager.turn(&with(2)), Ok(Turn::Next));
    assert_eq!(pager.turn(&with(0)), Ok(Turn::Done));
}

#[test]
fn a_short_page_is_the_last_where_nothing_else_tells() {
    let mut pager = pager(Style::Offset);
    assert_eq!(pager.turn(&page(10)), Ok(Turn::Next));
    assert_eq!(pager.position(), &Position::Offset(10));
    assert_eq!(pager.turn(&page(9)), Ok(Turn::Done));
}

#[test]
fn a_page_without_rows_that_says_there_is_more_ends_with_an_error() {
    let more = Sight {
        more: Some(true),
        ..page(0)
    };
    assert_eq!(pager(Style::Offset).turn(&more), Err(Problem::Stuck));
    assert_eq!(pager(Style::AfterId).turn(&more), Err(Problem::Stuck));
}

#[test]
fn ids_that_go_back_end_with_an_error() {
    let mut pager = pager(Style::AfterId);
    let mut turn = |id| {
        pager.turn(&Sight {
            next: Some(Position::After(id)),
            ..page(10)
        })
    };
    assert_eq!(turn(10), Ok(Turn::Next));
    assert_eq!(turn(10), Err(Problem::Stuck));
}

#[test]
fn a_list_whose_length_changes_is_read_once_more() {
    let mut pager = pager(Style::Offset);
    let of = |received, total| Sight {
        total: Some(total),
        ..page(received)
    };
    assert_eq!(pager.turn(&of(10, 15)), Ok(Turn::Next));
    assert_eq!(pager.turn(&of(4, 14)), Ok(Turn::Next));
    assert_eq!(pager.position(), &Position::Offset(0));
    assert_eq!(pager.turn(&of(10, 14)), Ok(Turn::Next));
    assert_eq!(pager.turn(&of(4, 14)), Ok(Turn::Done));
}

#[test]
fn a_list_that_never_rests_ends_with_an_error() {
    let mut pager = pager(Style::Offset);
    let mut total = 10;
    let mut last = Ok(Turn::Next);
    for _ in 0..100 {
        total += 10;
        last = pager.turn(&Sight {
            total: Some(total),
            ..page(if total % 20 == 0 { 10 } else { 0 })
        });
        if last != Ok(Turn::Next) {
            break;
        }
    }
    assert_eq!(last, Err(Problem::Restless));
}

#[test]
fn a_row_comes_once_and_one_without_id_always() {
    let mut pager = pager(Style::Offset);
    assert!(pager.is_new(Key::Text("a")));
    assert!(!pager.is_new(Key::Text("a")));
    assert!(pager.is_new(Key::Number(1)));
    assert!(pager.is_new(Key::Text("")) && pager.is_new(Key::Text("")));
}
