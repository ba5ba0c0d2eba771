#ifndef _INCLUDED_mon_ts_post_push_spikes
#define _INCLUDED_mon_ts_post_push_spikes

void _run_mon_ts_post_push_spikes();


#endif
