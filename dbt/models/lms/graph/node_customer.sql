with customers as (
    {%- for customer in var('customers') %}
    select '{{ customer }}' as customer
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

users as (
    select customer, count(*) as users from {{ ref('stg_users') }} group by customer
),

courses as (
    select customer, count(*) as courses from {{ ref('stg_courses') }} group by customer
),

assets as (
    select customer, count(*) as assets from {{ ref('stg_assets') }} group by customer
)

select
    customers.customer as customer_key,
    customers.customer,
    coalesce(users.users, 0) as users,
    coalesce(courses.courses, 0) as courses,
    coalesce(assets.assets, 0) as assets,
    coalesce(assets.assets, 0) > 0 as has_assets
from customers
left join users on customers.customer = users.customer
left join courses on customers.customer = courses.customer
left join assets on customers.customer = assets.customer
order by customer_key
