select
    user_name,
    email,
    max(case when reason is null then 1 else 0 end) = 1 as is_current
from {{ ref('users_checked') }}
where user_name is not null and email is not null
group by user_name, email
order by {{ by_bytes('user_name') }}, {{ by_bytes('email') }}
