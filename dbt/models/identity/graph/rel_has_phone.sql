select
    user_name,
    phone_number,
    max(case when reason is null then 1 else 0 end) = 1 as is_current
from {{ ref('users_checked') }}
where user_name is not null and phone_number is not null
group by user_name, phone_number
order by {{ by_bytes('user_name') }}, {{ by_bytes('phone_number') }}
