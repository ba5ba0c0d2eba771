#ifndef _INCLUDED_ts_to_inh_pre_codeobject
#define _INCLUDED_ts_to_inh_pre_codeobject

void _run_ts_to_inh_pre_codeobject();

void _debugmsg_ts_to_inh_pre_codeobject();

#endif
