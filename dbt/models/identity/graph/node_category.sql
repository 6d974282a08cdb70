select distinct product_category
from {{ ref('purchases') }}
where product_category is not null
order by {{ by_bytes('product_category') }}
