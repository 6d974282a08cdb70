select * from (values (7, '10 %')) as t (coupon_id, discount)
