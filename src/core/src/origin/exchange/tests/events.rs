//! Drivers with faults, and buckets with imagination: any events in any order.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Any {
    Head(u16, Fields),
    Body(Vec<u8>),
    Paused,
    Failed(Failure),
}

fn a_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "bytes [0-9]{1,2}-[0-9]{1,2}/[0-9*]{1,2}",
        "bytes \\*/[0-9]{1,20}",
        "bytes=[0-9]{0,2}-[0-9]{0,20}",
        "(W/)?\"[ab]\"(, \"[ab]\")?",
        "Sun, 0[67] Nov 1994 08:49:3[0-9] GMT",
        "[0-9]{1,22}",
        Just("*".into()),
    ]
}

fn a_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
        "range",
        "if-range",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
    ])
    .prop_map(String::from)
}

fn some_fields() -> impl Strategy<Value = Fields> {
    prop::collection::vec((a_name(), a_value()), 0..6)
}

fn an_event() -> impl Strategy<Value = Any> {
    let status = prop_oneof![
        Just(200_u16),
        Just(206),
        Just(304),
        Just(403),
        Just(404),
        Just(412),
        Just(416),
        Just(429),
        Just(503),
        any::<u16>(),
    ];
    prop_oneof![
        6 => (status, some_fields()).prop_map(|(status, headers)| Any::Head(status, headers)),
        2 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Any::Body),
        1 => Just(Any::Body(b"<Error><Code>NoSuchKey</Code><ActualObjectSize>7</ActualObjectSize>".to_vec())),
        2 => Just(Any::Paused),
        1 => prop::sample::select(vec![Failure::Connect, Failure::Tls, Failure::TimedOut, Failure::Broken]).prop_map(Any::Failed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_events_end_in_a_known_status(
        head: bool,
        headers in some_fields(),
        events in prop::collection::vec((an_event(), any::<u16>()), 1..16),
    ) {
        let config = config();
        let method = if head { Method::Head } else { Method::Get };
        let request = Request { method, target: TARGET, headers: &headers };
        let (mut exchange, first) = Exchange::start(&request, &config, NOW);
        let mut sends = u32::from(matches!(first, Step::Send(_)));
        let mut ended = false;
        for (event, jitter) in events {
            let step = match &event {
                Any::Head(status, headers) => exchange.next(Event::Head { status: *status, headers }, NOW, jitter),
                Any::Body(document) => exchange.next(Event::<Fields>::Body(document), NOW, jitter),
                Any::Paused => exchange.next(Event::<Fields>::Paused, NOW, jitter),
                Any::Failed(failure) => exchange.next(Event::<Fields>::Failed(*failure), NOW, jitter),
            };
            match step {
                Step::Send(request) => {
                    sends += 1;
                    prop_assert!(!ended && matches!(request.method, Method::Get | Method::Head));
                }
                Step::Pause(time) => {
                    prop_assert!(!ended && (50..=250).contains(&time.as_millis()));
                }
                Step::Read { .. } => prop_assert!(!ended && !head),
                Step::Forward(answer) => {
                    prop_assert!(!ended && !head && matches!(answer.status, 200 | 206));
                    ended = true;
                }
                Step::Answer(answer) => {
                    let status = answer.head.status;
                    prop_assert!(matches!(status, 200 | 304 | 404 | 412 | 416 | 502..=504), "{}", status);
                    prop_assert!(status != 200 || head);
                    prop_assert!(!head || answer.body.is_empty());
                    // After the end there is nothing but the end.
                    prop_assert!(!ended || status == 502);
                    ended = true;
                }
            }
            prop_assert!(sends <= 4);
        }
    }
}
