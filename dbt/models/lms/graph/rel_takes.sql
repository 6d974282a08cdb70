with events as (
    select * from {{ ref('stg_course_events') }}
),

-- Events of one instant are put in an order too: the table must not depend on chance.
numbered as (
    select
        *,
        row_number() over (
            partition by user_key, course_key
            order by event_at desc, progress desc, status desc, session_key desc
        ) as age
    from events
),

latest as (
    select * from numbered where age = 1
),

summary as (
    select
        user_key,
        course_key,
        max(score) as score,
        min(event_at) as first_at,
        max(event_at) as last_at
    from events
    group by user_key, course_key
)

select
    latest.user_key,
    latest.course_key,
    latest.customer,
    latest.status,
    latest.progress,
    summary.score,
    summary.first_at,
    summary.last_at,
    {{ days_since('summary.last_at') }} as recency_days
from latest
inner join summary
    on latest.user_key = summary.user_key
    and latest.course_key = summary.course_key
order by latest.user_key, latest.course_key
